/// The words “did you mean”, for a name that is nearly right.
enum Suggestion {
  /// “; did you mean NAME?” for the nearest of `names`, or nothing when none is near.
  static func nearest(to word: String, among names: [String]) -> String {
    let distances = names.map { (name: $0, distance: editDistance(word, $0)) }
    guard let best = distances.min(by: { $0.distance < $1.distance }) else { return "" }
    let isNear = best.distance <= 2 && best.distance < word.count - 2
    let extended = names.first { $0.hasPrefix(word) && word.count > 3 }
    guard let name = isNear ? best.name : extended else { return "" }
    return "; did you mean \(name)?"
  }

  /// The number of letters to change, add or leave out.
  static func editDistance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a), Array(b))
    var row = Array(0...b.count)
    for i in a.indices {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let change = diagonal + (a[i] == b[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(change, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[b.count]
  }
}
