package import TurboQuant
internal import TurboQuantFiles

/// The times of one codec: the fields of `benchmark codec --json`.
package struct CodecTiming: Encodable, Sendable {
  /// The quantizer's name.
  package let quantizer: String
  /// Bits per coordinate.
  package let bits: Double
  /// The number of coordinates.
  package let dimension: Int
  /// The number of threads.
  package let threads: Int
  /// The number of vectors per repeat.
  package let count: Int
  /// The number of repeats; each time is their median.
  package let repeats: Int
  /// Bytes per row.
  package let bytesPerVector: Int
  /// Microseconds per vector to encode floats to codes.
  package let encodeMicroseconds: Double
  /// Microseconds per vector to decode codes to floats.
  package let decodeMicroseconds: Double
  /// Microseconds per vector to copy the floats.
  package let copyMicroseconds: Double

  /// The names in JSON.
  enum CodingKeys: String, CodingKey {
    case quantizer, bits, dimension, threads, count, repeats
    case bytesPerVector = "bytes_per_vector"
    case encodeMicroseconds = "encode_us_per_vector"
    case decodeMicroseconds = "decode_us_per_vector"
    case copyMicroseconds = "copy_us_per_vector"
  }
}

/// Encodes, decodes and copies the same vectors, in memory that has been touched before.
package struct CodecTrial {
  private let codec: Codec
  private let vectors: VectorSet
  private let threads: Int
  private var codes: [UInt8]
  private var decoded: [Float]
  private var copy: [Float]

  /// Prepares buffers for `vectors`.
  package init(_ codec: Codec, _ vectors: VectorSet, threads: Int) {
    self.codec = codec
    self.vectors = vectors
    self.threads = threads
    codes = [UInt8](repeating: 0, count: vectors.count * codec.bytesPerVector)
    decoded = [Float](repeating: 0, count: vectors.values.count)
    copy = [Float](repeating: 0, count: vectors.values.count)
  }

  /// Runs all tasks once to warm up, then times them `repeats` times, in turns.
  ///
  /// `progress` is called for each turn.
  package mutating func run(
    repeats: Int, _ progress: (Int) -> Void
  ) throws -> CodecTiming {
    var (encodes, decodes, copies): ([Double], [Double], [Double]) = ([], [], [])
    for turn in 0...repeats {
      let times = try (timed { try $0.encode() }, timed { try $0.decode() }, timed { $0.copyAll() })
      progress(1)
      guard turn > 0 else { continue }
      encodes.append(times.0)
      decodes.append(times.1)
      copies.append(times.2)
    }
    // The result is used, so that the optimizer cannot drop the copy.
    precondition(copy == vectors.values, "a copy equals its original")
    return CodecTiming(
      quantizer: codec.quantizer.name, bits: codec.rate.bitsPerCoordinate,
      dimension: codec.dimension, threads: threads, count: vectors.count, repeats: repeats,
      bytesPerVector: codec.bytesPerVector, encodeMicroseconds: encodes.median,
      decodeMicroseconds: decodes.median, copyMicroseconds: copies.median)
  }

  /// Microseconds per vector that `work` takes.
  private mutating func timed(_ work: (inout CodecTrial) throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try work(&self)
    return (ContinuousClock.now - start).seconds * 1e6 / Double(vectors.count)
  }

  private mutating func encode() throws {
    guard threads == 1 else {
      codes = try codec.encode(vectors.values, threads: threads).bytes
      return
    }
    let (codec, vectors) = (codec, vectors)
    var target = codes.mutableSpan
    try codec.encode(vectors.values.span, into: &target)
  }

  /// Decodes in pieces, which keeps the library's own buffers small, and gathers the floats.
  private mutating func decode() throws {
    let codes = try CodeMatrix(unidentified: codes, of: codec)
    guard threads == 1 else {
      _ = try codec.decode(codes, threads: threads)
      return
    }
    decoded.removeAll(keepingCapacity: true)
    for piece in codec.pieces(codes.count) {
      decoded.append(contentsOf: try codec.decode(codes, rows: piece))
    }
  }

  /// Copies all floats once, into memory that is already allocated.
  private mutating func copyAll() {
    copy.removeAll(keepingCapacity: true)
    copy.append(contentsOf: vectors.values)
  }
}
