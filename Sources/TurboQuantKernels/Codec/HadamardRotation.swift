internal import CTurboQuantKernels

/// The steps and sign bits of a randomized Hadamard rotation, in the form that the kernels read.
@safe package final class HadamardRotation: Sendable {
  /// One step; `ctq_codec.h` has the formulas.
  package enum Step: Sendable, Equatable {
    case hadamard(offset: Int, count: Int, scale: Float)
    case givens(offset: Int, count: Int, cosine: Float, sine: Float)

    package var count: Int {
      switch self {
      case .hadamard(_, let count, _), .givens(_, let count, _, _): count
      }
    }
  }

  package let dimension: Int
  // Written by the initializer alone.
  private nonisolated(unsafe) let steps: UnsafeMutableBufferPointer<ctq_step>
  private nonisolated(unsafe) let signs: UnsafeMutableBufferPointer<UInt8>
  private nonisolated(unsafe) let record: UnsafeMutablePointer<ctq_hadamard_rotation>

  /// `signs` has the bits of each step, from a whole byte on.
  package init(dimension: Int, steps: [Step], signs: [[UInt8]]) {
    precondition(steps.count == signs.count)
    self.dimension = dimension
    var offset = 0
    let kernelSteps = zip(steps, signs).map { step, bits in
      precondition(bits.count * 8 >= step.count)
      defer { offset += bits.count }
      return Self.kernelStep(step, signs: offset, dimension: dimension)
    }
    let bytes = signs.flatMap { $0 }
    unsafe self.steps = .allocate(capacity: kernelSteps.count)
    _ = unsafe self.steps.initialize(from: kernelSteps)
    unsafe self.signs = .allocate(capacity: bytes.count)
    _ = unsafe self.signs.initialize(from: bytes)
    unsafe record = .allocate(capacity: 1)
    unsafe record.initialize(
      to: ctq_hadamard_rotation(
        steps: self.steps.baseAddress, step_count: kernelSteps.count,
        signs: self.signs.baseAddress))
  }

  deinit {
    unsafe steps.deallocate()
    unsafe signs.deallocate()
    unsafe record.deallocate()
  }

  private static func kernelStep(_ step: Step, signs: Int, dimension: Int) -> ctq_step {
    switch step {
    case .hadamard(let start, let count, let scale):
      precondition(count >= 64 && count.nonzeroBitCount == 1 && start + count <= dimension)
      return ctq_step(
        kind: UInt32(CTQ_STEP_HADAMARD), offset: UInt32(start), count: UInt32(count),
        signs: UInt32(signs), scale: scale, cosine: 0, sine: 0)
    case .givens(let start, let count, let cosine, let sine):
      precondition(count <= start && start + count <= dimension)
      return ctq_step(
        kind: UInt32(CTQ_STEP_GIVENS), offset: UInt32(start), count: UInt32(count),
        signs: UInt32(signs), scale: 1, cosine: cosine, sine: sine)
    }
  }

  var pointer: UnsafePointer<ctq_hadamard_rotation> { unsafe UnsafePointer(record) }
}
