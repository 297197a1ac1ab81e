internal import TurboQuantKernels

/// The recursive polar transform: a vector as angles, level by level, and one radius per block.
///
/// Level 1 turns each pair of coordinates into a radius and an angle; each further level does the
/// same with pairs of radii (PolarQuant, Definition 1). ``PolarQuantizer`` finds codes without the
/// angles; this type is for inspecting them.
public struct PolarTransform: Sendable, Hashable {
  private let shape: PolarShape

  /// A vector in polar coordinates.
  public struct Coordinates: Sendable, Hashable {
    /// The angles of level 1, of level 2, …: in [0, 2π) on the circle, else in [−π/2, π/2].
    public internal(set) var angles: [[Float]]
    /// One radius per block; for a block of one coordinate, the coordinate itself.
    public internal(set) var radii: [Float]
  }

  /// Creates the transform of `dimension` coordinates in blocks of 2^`levels`.
  ///
  /// - Throws: ``CodecError`` for a dimension outside 1 … 2²⁴, fewer than one level, or a block longer than the vector.
  public init(dimension: Int, levels: Int = 4) throws(CodecError) {
    try CodecError.check(dimension: dimension)
    try CodecError.check(polarLevels: levels, dimension: dimension)
    shape = PolarShape(dimension: dimension, levels: levels)
  }

  /// The law of one angle; `angle` is its place in ``Coordinates/angles``, `level` counts from 1.
  ///
  /// The law holds for coordinates after a Haar rotation.
  ///
  /// - Precondition: The angle exists.
  public func law(ofAngle angle: Int, atLevel level: Int) -> AngleLaw {
    precondition((1...shape.levels).contains(level), "there is no level \(level)")
    let count = shape.angleCount(level)
    precondition((0..<count).contains(angle), "there is no angle \(angle)")
    let half = 1 << (level - 1)
    return AngleLaw(
      first: half, second: angle < count - 1 ? half : shape.lastSecondHalf(level))
  }

  /// The polar coordinates of a vector.
  ///
  /// - Throws: ``CodecError`` when `x` does not have the transform's dimension, or holds a NaN or
  ///   an infinity (reported as row 0).
  /// - Complexity: O(d).
  public func coordinates(of x: Span<Float>) throws(CodecError) -> Coordinates {
    try CodecError.check(count: x.count, isOneVectorOf: shape.dimension)
    if let column = x.indices.first(where: { !x[$0].isFinite }) {
      throw CodecError(.notFinite(value: x[column], row: 0, column: column))
    }
    // In double precision no radius overflows, and none loses anything that float32 keeps.
    var radii = x.indices.map { Double(x[$0]) }
    var angles: [[Float]] = []
    for level in 1...shape.levels {
      var own: [Float] = []
      var joined: [Double] = []
      for i in 0..<shape.angleCount(level) {
        let (first, second) = (radii[2 * i], radii[2 * i + 1])
        let angle = Portable.angle(x: first, y: second)
        let rounded = Float(level == 1 && angle < 0 ? angle + 2 * Double.pi : angle)
        own.append(level == 1 && rounded >= 2 * Float.pi ? 0 : rounded)
        joined.append(squareRoot(first * first + second * second))
      }
      if radii.count % 2 == 1 { joined.append(radii[radii.count - 1]) }
      angles.append(own)
      radii = joined
    }
    return Coordinates(angles: angles, radii: radii.map { Float($0) })
  }

  /// The polar coordinates of a vector.
  ///
  /// - Throws: ``CodecError`` as ``coordinates(of:)-(Span<Float>)``.
  /// - Complexity: O(d).
  public func coordinates(of x: [Float]) throws(CodecError) -> Coordinates {
    try coordinates(of: x.span)
  }

  /// The vector of polar coordinates.
  ///
  /// - Throws: ``CodecError`` when the coordinates belong to a transform with other blocks.
  /// - Complexity: O(d).
  public func vector(of coordinates: Coordinates) throws(CodecError) -> [Float] {
    let expected = (1...shape.levels).map { shape.angleCount($0) } + [shape.blockCount]
    let found = coordinates.angles.map { $0.count } + [coordinates.radii.count]
    guard found == expected else {
      throw CodecError(
        .lengthMismatch(found: found.reduce(0, +), dimension: shape.dimension))
    }
    var radii = coordinates.radii.map { Double($0) }
    for level in (1...shape.levels).reversed() {
      var split: [Double] = []
      for (i, angle) in coordinates.angles[level - 1].enumerated() {
        let (cosine, sine) = Portable.cosineAndSine(Double(angle))
        split += [radii[i] * cosine, radii[i] * sine]
      }
      if split.count < shape.count(after: level - 1) { split.append(radii[radii.count - 1]) }
      radii = split
    }
    return radii.map { Float($0) }
  }
}
