/// Byte pair encoding: merges neighbouring tokens by a list of rules, the earliest rule first.
struct PairMerger: Sendable {
  private struct Pair: Hashable {
    let left: Int32
    let right: Int32
  }

  private struct Rule {
    let rank: Int32
    let merged: Int32
  }

  private var rules: [Pair: Rule] = [:]

  private var nextRank: Int32 = 0

  /// Appends a rule; if a pair has two rules, the last one applies, as in the reference.
  mutating func add(_ left: Int, _ right: Int, merged: Int) {
    let pair = Pair(left: Int32(left), right: Int32(right))
    rules[pair] = Rule(rank: nextRank, merged: Int32(merged))
    nextRank += 1
  }

  /// Merges until no rule applies.
  ///
  /// Among equal pairs, the leftmost is merged first.
  ///
  /// - Complexity: O(n log n), so a long run of one character is no problem.
  func merge(_ tokens: [Int]) -> [Int] {
    var word = Word(tokens)
    var candidates = Heap()
    func propose(_ index: Int) {
      guard index >= 0, word.next[index] < word.tokens.count else { return }
      let pair = Pair(left: word.tokens[index], right: word.tokens[word.next[index]])
      if let rule = rules[pair] {
        candidates.insert(.init(rank: rule.rank, index: index, left: pair.left, right: pair.right))
      }
    }
    for index in tokens.indices { propose(index) }
    while let candidate = candidates.removeFirst() {
      let (index, next) = (candidate.index, word.next[candidate.index])
      // A neighbour may have been merged after the pair was proposed.
      guard word.isAlive(index), next < word.tokens.count,
        word.tokens[index] == candidate.left, word.tokens[next] == candidate.right,
        let rule = rules[Pair(left: candidate.left, right: candidate.right)]
      else { continue }
      word.join(index, as: rule.merged)
      propose(word.previous[index])
      propose(index)
    }
    return word.remaining
  }
}

/// The tokens of a word, as a list from which tokens are removed.
private struct Word {
  var tokens: [Int32]
  var next: [Int]
  var previous: [Int]

  private static let dead: Int32 = -1

  init(_ tokens: [Int]) {
    self.tokens = tokens.map { Int32($0) }
    next = tokens.indices.map { $0 + 1 }
    previous = tokens.indices.map { $0 - 1 }
  }

  func isAlive(_ index: Int) -> Bool { tokens[index] != Self.dead }

  /// Replaces the token at `index` and the one after it by `token`.
  mutating func join(_ index: Int, as token: Int32) {
    let lost = next[index]
    tokens[index] = token
    tokens[lost] = Self.dead
    next[index] = next[lost]
    if next[lost] < tokens.count { previous[next[lost]] = index }
  }

  var remaining: [Int] { tokens.filter { $0 != Self.dead }.map { Int($0) } }
}

/// Candidates for merging, ordered by rank and then from left to right.
private struct Heap {
  struct Candidate {
    let rank: Int32
    let index: Int
    let left: Int32
    let right: Int32

    static func < (a: Candidate, b: Candidate) -> Bool { (a.rank, a.index) < (b.rank, b.index) }
  }

  private var items: [Candidate] = []

  mutating func insert(_ item: Candidate) {
    items.append(item)
    var index = items.count - 1
    while index > 0, items[index] < items[(index - 1) / 2] {
      items.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  mutating func removeFirst() -> Candidate? {
    guard let first = items.first else { return nil }
    let last = items.removeLast()
    guard !items.isEmpty else { return first }
    items[0] = last
    var index = 0
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2] where child < items.count {
        if items[child] < items[least] { least = child }
      }
      guard least != index else { return first }
      items.swapAt(index, least)
      index = least
    }
  }
}
