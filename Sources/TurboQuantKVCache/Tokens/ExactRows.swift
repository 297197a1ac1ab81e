internal import TurboQuantKernels

/// Rows of exact tokens, one after another in one format.
struct ExactRows: Sendable, Equatable {
  private(set) var format: ExactFormat
  /// The bits of float16s or bfloat16s; empty for float32.
  private(set) var halves: [UInt16] = []
  /// Empty for the others.
  private(set) var floats: [Float] = []

  init(_ format: ExactFormat) { self.format = format }

  /// The rows as they came, rounded to the format.
  init(rounding rows: Span<Float>, to format: ExactFormat, _ kernels: Kernels) {
    self.format = format
    switch format {
    case .float16: halves = kernels.float16s(of: rows)
    case .bfloat16:
      halves = [UInt16](capacity: rows.count) { output in
        for i in rows.indices { output.append(bfloat16Bits(rows[i])) }
      }
    case .float32: floats = rows.copied()
    }
  }

  /// How many numbers there are.
  var count: Int { format == .float32 ? floats.count : halves.count }
  /// Bytes of a number.
  static func width(_ format: ExactFormat) -> Int { format == .float32 ? 4 : 2 }
  var byteCount: Int { count * ExactRows.width(format) }

  /// Calls `body` with the bytes.
  func withBytes<E: Error>(_ body: (RawSpan) throws(E) -> Void) throws(E) {
    if format == .float32 { try body(floats.span.raw) } else { try body(halves.span.raw) }
  }

  /// Numbers `range` as float32, exactly.
  func widened(_ range: Range<Int>, _ kernels: Kernels) -> [Float] {
    switch format {
    case .float32: return Array(floats[range])
    case .float16:
      var result = [Float](repeating: 0, count: range.count)
      var target = result.mutableSpan
      kernels.widen(halves.span.extracting(range), into: &target)
      return result
    case .bfloat16: return halves[range].map { Float(bitPattern: UInt32($0) << 16) }
    }
  }

  /// Makes float32 of the numbers, exactly.
  mutating func widen(_ kernels: Kernels) {
    floats = widened(0..<count, kernels)
    (halves, format) = ([], .float32)
  }
}

// MARK: Changing

extension ExactRows {
  /// Appends numbers `range` of rows in the same format.
  mutating func append(_ rows: ExactRows, _ range: Range<Int>) {
    if format == .float32 {
      floats += rows.floats[range]
    } else {
      halves += rows.halves[range]
    }
  }

  mutating func remove(_ range: Range<Int>) {
    if format == .float32 { floats.removeSubrange(range) } else { halves.removeSubrange(range) }
  }

  mutating func truncate(to newCount: Int) { remove(newCount..<count) }
}

// MARK: Snapshots

extension ExactRows {
  /// Reads numbers from bytes; nil if one of them is none that an append writes.
  init?(_ bytes: RawSpan, _ format: ExactFormat, _ kernels: Kernels) {
    self.format = format
    let width = ExactRows.width(format)
    let places = stride(from: 0, to: bytes.byteCount, by: width)
    if format == .float32 {
      floats = places.map { bytes.float32(at: $0) }
    } else {
      halves = places.map { bytes.integer(at: $0, as: UInt16.self) }
    }
    // The largest number below 2⁹⁶ rounds to 2⁹⁶ as bfloat16.
    let largest = kernels.largestMagnitude(widened(0..<count, kernels).span)
    guard format == .bfloat16 ? largest <= KVCache.limit : largest < KVCache.limit else {
      return nil
    }
  }
}

/// The bits of the bfloat16 nearest to a finite `value`, ties to even.
func bfloat16Bits(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  return UInt16(truncatingIfNeeded: (bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
}
