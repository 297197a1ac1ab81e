/// The division of d coordinates into blocks of 2ᴸ, and of blocks into halves, level by level.
///
/// Level 1 joins neighbouring coordinates, level ℓ the results of level ℓ − 1. If their number is
/// odd, the last one has no partner and goes to the next level unchanged. So the last half of a
/// level may be smaller than the others.
struct PolarShape: Sendable, Hashable {
  let dimension: Int
  let levels: Int

  /// The largest number of levels, for any dimension.
  static let mostLevels = 24

  /// The number of blocks, each with one radius.
  var blockCount: Int { count(after: levels) }

  /// The number of coordinates or radii that are left after levels 1 … `level`.
  func count(after level: Int) -> Int { (dimension + (1 << level) - 1) >> level }

  /// The number of angles of a level.
  func angleCount(_ level: Int) -> Int { count(after: level - 1) / 2 }

  /// Coordinates of the second half at the last angle of a level; all other halves have 2^(level − 1).
  func lastSecondHalf(_ level: Int) -> Int {
    let half = 1 << (level - 1)
    return min(half, dimension - (2 * angleCount(level) - 1) * half)
  }

  /// The number of coordinates in a block.
  func coordinates(ofBlock block: Int) -> Int { min(1 << levels, dimension - block << levels) }
}
