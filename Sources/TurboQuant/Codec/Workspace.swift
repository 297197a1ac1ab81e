internal import TurboQuantKernels

/// Scratch vectors for one thread: the vector being worked on, and a second of the same size.
struct Workspace: ~Copyable {
  var front: FloatBuffer
  var back: FloatBuffer

  init(dimension: Int) {
    front = FloatBuffer(count: dimension)
    back = FloatBuffer(count: dimension)
  }

  /// Exchanges the two vectors.
  mutating func swap() { Swift.swap(&front, &back) }

  /// Copies `x` to the front.
  mutating func load(_ x: Span<Float>) {
    var target = front.mutableSpan
    for i in x.indices { target[i] = x[i] }
  }
}

extension Kernels {
  /// The kernels in use; an unusable `TQ_TARGET` is an error, never a silent fallback.
  static func current() throws(CodecError) -> Kernels {
    do {
      return try chosen()
    } catch {
      throw CodecError(.targetUnavailable(name: error.name, available: error.available))
    }
  }
}
