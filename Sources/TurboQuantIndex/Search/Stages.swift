// The order in which a certified search reads segments.

/// The stages of a certified search: what each finds raises the cutoff of the next.
///
/// They depend on the number of segments alone, so results do not depend on threads. The segments of a stage lie spread
/// over the index, so that they are a fair sample of rows in any order.
enum Stages {
  /// How many times as large a stage is as all before it.
  private static let growth = 7

  /// The numbers of the segments of each stage, ascending; the first stage has `firstCount`.
  static func segments(of count: Int, first firstCount: Int) -> [[Int]] {
    let order = spread(count)
    var stages: [[Int]] = []
    var done = 0
    while done < count {
      let size = done == 0 ? firstCount : growth * done
      // A short last stage would raise the cutoff for hardly any rows.
      let end = done > 0 && done + 2 * size > count ? count : min(count, done + size)
      stages.append(order[done..<end].sorted())
      done = end
    }
    return stages
  }

  /// The numbers below `count`, each far from those before it: van der Corput's sequence.
  private static func spread(_ count: Int) -> [Int] {
    var width = 0
    while 1 << width < count { width += 1 }
    return (0..<1 << width).compactMap { number in
      var (bits, reversed) = (number, 0)
      for _ in 0..<width { (bits, reversed) = (bits >> 1, reversed << 1 | bits & 1) }
      return reversed < count ? reversed : nil
    }
  }
}
