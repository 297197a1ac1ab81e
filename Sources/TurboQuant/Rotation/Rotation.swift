internal import TurboQuantKernels

/// A random rotation R of d-dimensional space, regenerated from its seed and never stored.
///
/// After the rotation every coordinate of a unit vector follows the sphere's coordinate law, for
/// any vector (TurboQuant §3.1).
public struct Rotation: Sendable {
  /// The number of coordinates, at least 1.
  public let dimension: Int
  /// How the rotation is built.
  public let kind: RotationKind
  private let form: Form

  private enum Form: Sendable {
    case dense(columns: [Float])
    case hadamard(HadamardRotation)
    /// Another form, drawn when it is first needed.
    case later(Deferred<Form>)
  }

  /// Creates the rotation of `dimension` coordinates that `seed` determines.
  ///
  /// - Throws: ``CodecError`` when the dimension is outside 1 … 2²⁴, too small for a Hadamard
  ///   rotation or too large for a Haar rotation.
  /// - Complexity: O(d) for a Hadamard rotation, O(d³) for a Haar rotation.
  public init(
    dimension: Int, kind: RotationKind? = nil, seed: UInt64
  ) throws(CodecError) {
    self = try Rotation(drawnLater: dimension, kind: kind, seed: seed).drawn
  }

  /// Creates the same rotation, drawn when it is first needed.
  init(drawnLater dimension: Int, kind: RotationKind?, seed: UInt64) throws(CodecError) {
    let kind = kind ?? .standard(forDimension: dimension)
    try CodecError.check(rotation: kind, dimension: dimension)
    self.dimension = dimension
    self.kind = kind
    let later = Deferred<Form> {
      var stream = RandomStream(seed: seed, purpose: .rotation)
      switch kind {
      case .haar:
        return .dense(columns: Orthogonal.haar(dimension: dimension, from: &stream))
      case .hadamard:
        return .hadamard(HadamardSteps.rotation(dimension: dimension, from: &stream))
      }
    }
    form = .later(later)
  }

  private init(dimension: Int, kind: RotationKind, form: Form) {
    (self.dimension, self.kind, self.form) = (dimension, kind, form)
  }

  /// This rotation with everything drawn, for loops over rows.
  var drawn: Rotation {
    guard case .later(let later) = form else { return self }
    return Rotation(dimension: dimension, kind: kind, form: later.value)
  }

  /// R · `x`.
  ///
  /// - Throws: ``CodecError`` when `x` does not have ``dimension`` coordinates, or `TQ_TARGET`
  ///   names a target that cannot run here.
  /// - Complexity: O(d log d) for a Hadamard rotation, O(d²) for a Haar rotation.
  public func apply(to x: Span<Float>) throws(CodecError) -> [Float] {
    try transform(x) { kernels, work in rotate(kernels, &work) }
  }

  /// Rᵀ · `y`, which is R⁻¹ · `y`.
  ///
  /// - Throws: ``CodecError`` as ``apply(to:)-(Span<Float>)``.
  /// - Complexity: As ``apply(to:)-(Span<Float>)``.
  public func applyInverse(to y: Span<Float>) throws(CodecError) -> [Float] {
    try transform(y) { kernels, work in rotateBack(kernels, &work) }
  }

  /// R · `x`.
  ///
  /// - Throws: ``CodecError`` as ``apply(to:)-(Span<Float>)``.
  /// - Complexity: As ``apply(to:)-(Span<Float>)``.
  public func apply(to x: [Float]) throws(CodecError) -> [Float] { try apply(to: x.span) }

  /// Rᵀ · `y`, which is R⁻¹ · `y`.
  ///
  /// - Throws: ``CodecError`` as ``apply(to:)-(Span<Float>)``.
  /// - Complexity: As ``apply(to:)-(Span<Float>)``.
  public func applyInverse(to y: [Float]) throws(CodecError) -> [Float] {
    try applyInverse(to: y.span)
  }

  private func transform(
    _ x: Span<Float>, _ body: (Kernels, inout Workspace) -> Void
  ) throws(CodecError) -> [Float] {
    try CodecError.check(count: x.count, isOneVectorOf: dimension)
    let kernels = try Kernels.current()
    var work = Workspace(dimension: dimension)
    work.load(x)
    withStandardFloatEnvironment { body(kernels, &work) }
    return [Float](capacity: dimension) { output in
      for i in 0..<dimension { output.append(work.front.span[i]) }
    }
  }

  /// `work.front` ← R · `work.front`.
  func rotate(_ kernels: Kernels, _ work: inout Workspace) {
    switch form {
    case .later: drawn.rotate(kernels, &work)
    case .hadamard(let rotation): kernels.rotate(rotation, &work.front)
    case .dense(let columns):
      kernels.multiply(
        columns: columns.span, rowCount: dimension, work.front, into: &work.back)
      work.swap()
    }
  }

  /// `work.front` ← Rᵀ · `work.front`.
  func rotateBack(_ kernels: Kernels, _ work: inout Workspace) {
    switch form {
    case .later: drawn.rotateBack(kernels, &work)
    case .hadamard(let rotation): kernels.rotateTransposed(rotation, &work.front)
    case .dense(let columns):
      kernels.multiplyTransposed(
        columns: columns.span, rowCount: dimension, work.front, into: &work.back)
      work.swap()
    }
  }
}
