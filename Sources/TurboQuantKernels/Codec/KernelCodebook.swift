internal import CTurboQuantKernels

/// A codebook in the form that the kernels read.
///
/// With a lookup grid, quantizing is one lookup.
///
/// It is a class with its own memory, so that encoding a row counts no references to its tables.
@safe package final class KernelCodebook: Sendable {
  package let bits: Int
  // Written by the initializer alone.
  private nonisolated(unsafe) let floats: UnsafeMutableBufferPointer<Float>
  private nonisolated(unsafe) let bases: UnsafeMutableBufferPointer<UInt32>
  private nonisolated(unsafe) let record: UnsafeMutablePointer<ctq_codebook>

  /// The grid, if any, must satisfy what `ctq_codebook` says.
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

/// Equal cells on the real line, each with at most one decision boundary.
package struct LookupGrid: Sendable, Equatable {
  package let scale: Float
  package let offset: Float
  /// The boundary inside each cell, or infinity.
  package let boundaries: [Float]
  /// The number of boundaries in lower cells.
  package let bases: [UInt32]

  package init(scale: Float, offset: Float, boundaries: [Float], bases: [UInt32]) {
    precondition(boundaries.count == bases.count)
    self.scale = scale
    self.offset = offset
    self.boundaries = boundaries
    self.bases = bases
  }
}
