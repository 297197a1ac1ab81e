/// Where tokens stand: the position of a token is the number of those appended before it, removed ones included.
struct Positions: Sendable, Equatable {
  /// Tokens removed one after another.
  struct Gap: Sendable, Equatable {
    /// The position of the first of them.
    var position: Int
    var count: Int
    /// How many tokens were removed before that.
    fileprivate(set) var removedBefore = 0

    init(position: Int, count: Int) { (self.position, self.count) = (position, count) }

    /// The number of tokens held before the gap.
    var token: Int { position - removedBefore }
    /// How many tokens were removed up to its end.
    var removed: Int { removedBefore + count }
    /// The first position after it.
    var end: Int { position + count }
  }

  /// In ascending order, with a token that is held between any two.
  private(set) var gaps: [Gap] = []

  /// As if nothing had been removed.
  init() {}

  /// Nil if the gaps overlap, touch, are empty, or do not ascend.
  init?(_ gaps: [Gap]) {
    var end = -1
    for gap in gaps {
      guard gap.count > 0, gap.position > end else { return nil }
      end = gap.end
    }
    self.gaps = Positions.counted(gaps)
  }

  private static func counted(_ gaps: [Gap]) -> [Gap] {
    var removed = 0
    return gaps.map { gap in
      var gap = gap
      gap.removedBefore = removed
      removed += gap.count
      return gap
    }
  }

  /// How many gaps satisfy `isBefore`, which are the first ones.
  private func gapCount(where isBefore: (Gap) -> Bool) -> Int {
    var range = 0..<gaps.count
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      range = isBefore(gaps[middle]) ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    return range.lowerBound
  }
}

extension Positions {
  /// The position of a token; of the next one if `token` is the number of tokens held.
  func position(of token: Int) -> Int {
    let before = gapCount { $0.token <= token }
    return before == 0 ? token : token + gaps[before - 1].removed
  }

  /// The first token that stands at `position` or later.
  func token(from position: Int) -> Int {
    let before = gapCount { $0.position <= position }
    guard before > 0 else { return position }
    let gap = gaps[before - 1]
    return max(gap.token, position - gap.removed)
  }

  /// The position of `first`, and how many of `tokens` from there on stand one after another.
  func run(from first: Int, in tokens: Range<Int>) -> (position: Int, count: Int) {
    let before = gapCount { $0.token <= first }
    let end = before < gaps.count ? min(gaps[before].token, tokens.upperBound) : tokens.upperBound
    return (before == 0 ? first : first + gaps[before - 1].removed, end - first)
  }

  /// The positions of `tokens`.
  func all(_ tokens: Range<Int>) -> [Int] {
    var result: [Int] = []
    result.reserveCapacity(tokens.count)
    while result.count < tokens.count {
      let (position, count) = run(from: tokens.lowerBound + result.count, in: tokens)
      result += position..<position + count
    }
    return result
  }

  /// Removes tokens that are held; gaps at either end become part of the new one.
  mutating func remove(_ tokens: Range<Int>) {
    guard !tokens.isEmpty else { return }
    let merged =
      gapCount { $0.token < tokens.lowerBound }..<gapCount { $0.token <= tokens.upperBound }
    var gap = Gap(position: position(of: tokens.lowerBound), count: tokens.count)
    if let first = gaps[merged].first, first.token == tokens.lowerBound {
      gap.position = first.position
    }
    gap.count += gaps[merged].reduce(0) { $0 + $1.count }
    gaps.replaceSubrange(merged, with: [gap])
    gaps = Positions.counted(gaps)
  }

  /// Takes all tokens from `count` on back: the next one stands where the first of them stood.
  mutating func truncate(to count: Int) {
    guard count > 0 else { return gaps = [] }
    gaps.removeLast(gaps.count - gapCount { $0.token <= count })
  }
}
