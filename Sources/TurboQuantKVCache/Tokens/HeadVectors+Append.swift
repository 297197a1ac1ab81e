// Which tokens an append makes sinks, which stay in the window, and which move on to be stored.

internal import TurboQuant
internal import TurboQuantKernels

extension HeadVectors {
  /// What changes when `vectors` are appended.
  func additions(
    of vectors: Span<Float>, _ writer: RowWriter
  ) throws(CodecError) -> Additions {
    // Float32 that does not stay exact need not be copied.
    if window.format == .float32, writer.sinks == 0, writer.window == 0, window.count == 0 {
      return Additions(
        exact: ExactRows(.float32),
        stored: try writer.rows(of: vectors, self))
    }
    // Every token passes through the exact tokens' format, so that codes do not depend on how many come in one call.
    let exact = ExactRows(rounding: vectors, to: window.format, writer.kernels)
    let toSinks = min(exact.count, sinksToCome(writer.sinks) * dimension)
    let queue = window.count + exact.count - toSinks
    let leaving = max(0, queue - (writer.window.map { $0 * dimension } ?? queue))
    let fromWindow = min(leaving, window.count)
    var floats = window.widened(0..<fromWindow, writer.kernels)
    floats += exact.widened(toSinks..<toSinks + leaving - fromWindow, writer.kernels)
    return Additions(
      exact: exact, toSinks: toSinks, leaving: leaving,
      stored: try writer.rows(of: floats.span, self))
  }

  /// Applies the result of ``additions(of:_:)``.
  mutating func append(_ additions: Additions) {
    let (exact, toSinks) = (additions.exact, additions.toSinks)
    sinks.append(exact, 0..<toSinks)
    window.append(exact, toSinks..<exact.count)
    window.remove(0..<additions.leaving)
    stored.append(additions.stored)
  }
}

/// What an append adds to the keys, or to the values, of a head.
struct Additions: Sendable {
  /// The rows that become sinks, then those that enter the window.
  let exact: ExactRows
  /// How many of their numbers become sinks.
  var toSinks = 0
  /// How many numbers then leave the window's front.
  var leaving = 0
  /// The rows to store: those that left the window.
  let stored: RowBatch
}

/// Rows in one of the precisions that are stored.
enum RowBatch: Sendable {
  case floats([Float])
  case float16s([UInt16])
  /// One per channel group.
  case codes([CodedRows])
}

/// Makes rows of keys, or of values.
struct RowWriter: Sendable {
  let codec: KeyOrValueCodec?
  let precision: KVPrecision
  let sinks: Int
  /// How many tokens the window holds: any number if nil, while they wait for a centre.
  let window: Int?
  /// The rotary embedding at the positions of the next rows, if the mean is a rotary one.
  let rotaryTable: RotaryTable?
  let kernels: Kernels

  /// The rows to store for vectors of `head` at consecutive positions: less its centre, in its metric.
  func rows(of vectors: Span<Float>, _ head: HeadVectors) throws(CodecError) -> RowBatch {
    guard let codec else {
      return precision == .float16
        ? .float16s(kernels.float16s(of: vectors)) : .floats(vectors.copied())
    }
    let center = head.center
    guard !center.isEmpty || head.metric != nil else {
      return .codes(try codec.rows(of: vectors, head.channels))
    }
    var differences = vectors.copied()
    var embedded = center
    for (row, start) in stride(from: 0, to: vectors.count, by: head.dimension).enumerated() {
      rotaryTable?.embed(center, row: row, into: &embedded)
      for i in embedded.indices { differences[start + i] -= embedded[i] }
    }
    head.metric?.equalize(keys: &differences, kernels)
    return .codes(try codec.rows(of: differences.span, head.channels))
  }
}
