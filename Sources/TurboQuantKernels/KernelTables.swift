internal import CTurboQuantKernels

/// A codebook in the form the kernels read, with the lookup grid that makes quantizing one lookup.
///
/// A class over memory of its own, so that a row costs no reference counting of its tables.
@safe package final class KernelCodebook: Sendable {
  package let bits: Int
  // Written by the initializer alone.
  private nonisolated(unsafe) let floats: UnsafeMutableBufferPointer<Float>
  private nonisolated(unsafe) let bases: UnsafeMutableBufferPointer<UInt32>
  private nonisolated(unsafe) let record: UnsafeMutablePointer<ctq_codebook>

  /// The grid, if any, must satisfy what `ctq_codebook` says; ``LookupGrid`` makes such grids.
  package init(bits: Int, centroids: [Float], boundaries: [Float], grid: LookupGrid?) {
    precondition((1...8).contains(bits))
    precondition(centroids.count == 1 << bits && boundaries.count == centroids.count - 1)
    self.bits = bits
    let centroids = Self.padded(centroids, with: 0)
    let gridBoundaries = Self.padded(grid?.boundaries ?? [], with: .infinity)
    let values = centroids + gridBoundaries + boundaries
    unsafe floats = .allocate(capacity: values.count)
    _ = unsafe floats.initialize(from: values)
    let gridBases = Self.padded(grid?.bases ?? [], with: 0)
    unsafe bases = .allocate(capacity: gridBases.count)
    _ = unsafe bases.initialize(from: gridBases)
    let base = unsafe floats.baseAddress
    unsafe record = .allocate(capacity: 1)
    unsafe record.initialize(
      to: ctq_codebook(
        bits: UInt32(bits), centroids: base,
        boundaries: base.map { unsafe $0 + centroids.count + gridBoundaries.count },
        grid_count: UInt32(grid?.bases.count ?? 0), grid_scale: grid?.scale ?? 0,
        grid_offset: grid?.offset ?? 0,
        grid_boundaries: base.map { unsafe $0 + centroids.count },
        grid_bases: unsafe bases.baseAddress))
  }

  deinit {
    unsafe floats.deallocate()
    unsafe bases.deallocate()
    unsafe record.deallocate()
  }

  // Kernels load whole registers of tables that have up to 32 entries.
  private static func padded<T>(_ values: [T], with filler: T) -> [T] {
    values + Array(repeating: filler, count: max(0, 32 - values.count))
  }

  /// Bytes that `count` packed codes take.
  package func byteCount(of count: Int) -> Int { (count * bits + 7) / 8 }

  var pointer: UnsafePointer<ctq_codebook> { unsafe UnsafePointer(record) }
}

/// Equal cells over the line, at most one decision boundary in each.
package struct LookupGrid: Sendable, Equatable {
  package let scale: Float
  package let offset: Float
  /// The boundary inside each cell, or infinity.
  package let boundaries: [Float]
  /// The number of boundaries in lower cells.
  package let bases: [UInt32]

  /// The smallest grid of 32, 64, … cells that separates `boundaries`, or nil beyond 2,048 cells.
  ///
  /// The cell of y is computed here exactly as the kernels compute it. It never decreases with y,
  /// so a value in a later cell than a boundary lies above it, whatever the rounding.
  package init?(boundaries ascending: [Float]) {
    guard let first = ascending.first, let last = ascending.last else { return nil }
    var count = 32
    while count <= 2048 {
      let span = last - first
      // One spare cell at each end; a single boundary gets cells of any size.
      let scale = span > 0 ? Float(count - 3) / span : 1
      let offset = 1.5 - first * scale
      if let grid = LookupGrid(ascending, count: count, scale: scale, offset: offset) {
        self = grid
        return
      }
      count *= 2
    }
    return nil
  }

  private init?(_ ascending: [Float], count: Int, scale: Float, offset: Float) {
    guard scale.isFinite, offset.isFinite else { return nil }
    var boundaries = [Float](repeating: .infinity, count: count)
    for boundary in ascending {
      let position = boundary * scale + offset
      let cell = Int(min(max(position, 0), Float(count - 1)))
      guard boundaries[cell] == .infinity else { return nil }
      boundaries[cell] = boundary
    }
    self.scale = scale
    self.offset = offset
    var below: UInt32 = 0
    self.bases = boundaries.map { boundary in
      defer { below += boundary == .infinity ? 0 : 1 }
      return below
    }
    self.boundaries = boundaries
  }
}

/// The steps and sign bits of a randomized Hadamard rotation, in the form the kernels read.
@safe package final class Mixing: Sendable {
  /// One step; `ctq_kernels.h` gives the formulas.
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

  /// `signs` holds one run of bits a step, each run beginning on a whole byte.
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
