/// How d coordinates fall into blocks of 2ᴸ, and blocks into halves of halves.
///
/// Level 1 joins neighbouring coordinates, level ℓ what level ℓ − 1 has joined. Where a number is odd the
/// last one has no partner and goes up as it is; so the last half of a level may be smaller than the others.
struct PolarShape: Sendable, Hashable {
  let dimension: Int
  let levels: Int

  /// The most levels of any dimension.
  static let mostLevels = 24

  /// The number of blocks, each with one radius.
  var blockCount: Int { count(after: levels) }

  /// How many coordinates or radii there are once levels 1 … `level` have joined theirs.
  func count(after level: Int) -> Int { (dimension + (1 << level) - 1) >> level }

  /// The number of angles of a level.
  func angleCount(_ level: Int) -> Int { count(after: level - 1) / 2 }

  /// Coordinates of the second half at the last angle of a level; of all others 2^(level − 1).
  func lastSecondHalf(_ level: Int) -> Int {
    let half = 1 << (level - 1)
    return min(half, dimension - (2 * angleCount(level) - 1) * half)
  }

  /// Coordinates of a block.
  func coordinates(ofBlock block: Int) -> Int { min(1 << levels, dimension - block << levels) }
}
