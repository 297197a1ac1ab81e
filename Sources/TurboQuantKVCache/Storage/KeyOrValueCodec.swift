internal import TurboQuant
internal import TurboQuantKernels

/// Encodes keys, or values: all channels together, or outlier channels and the others apart.
final class KeyOrValueCodec: Sendable {
  /// One, or those of the outliers and of the others.
  let parts: [RowCodec]
  let dimension: Int

  init(_ parts: [RowCodec]) {
    self.parts = parts
    dimension = parts.reduce(0) { $0 + $1.codec.dimension }
  }

  /// Whether channels are told apart.
  var hasOutliers: Bool { parts.count > 1 }
  /// Whether scores are estimates of inner products that no vector stands for.
  var hasSigns: Bool { parts.contains { $0.hasSigns } }
  /// Whether rows are centroids of coordinates, which can be added up in the rotated frame.
  var isScalar: Bool { parts.allSatisfy { $0.codec.quantizer == .scalar } }
  /// Bytes of a row.
  var rowByteCount: Int { parts.reduce(0) { $0 + $1.rowByteCount } }
  /// Where the channels of part `number` begin among those of all.
  func start(_ number: Int) -> Int { parts[..<number].reduce(0) { $0 + $1.codec.dimension } }

  /// The rows of vectors one after another, part by part.
  func rows(of vectors: Span<Float>, _ channels: [UInt16]) throws(CodecError) -> [CodedRows] {
    guard hasOutliers else { return [try parts[0].rows(of: vectors)] }
    var rows: [CodedRows] = []
    for number in parts.indices {
      rows.append(
        try parts[number].rows(of: gathered(vectors, channels, part: number).span))
    }
    return rows
  }

  /// The channels of one part, of vectors one after another.
  ///
  /// Until a token goes beyond the sinks there are neither vectors nor an order of the channels.
  func gathered(_ vectors: Span<Float>, _ channels: [UInt16], part number: Int) -> [Float] {
    guard !vectors.isEmpty else { return [] }
    let width = parts[number].codec.dimension
    let own = channels[start(number)..<start(number) + width]
    var result: [Float] = []
    result.reserveCapacity(vectors.count / dimension * width)
    for first in stride(from: 0, to: vectors.count, by: dimension) {
      for channel in own { result.append(vectors[first + Int(channel)]) }
    }
    return result
  }

  /// What ``gathered(_:_:part:)`` took apart, one vector a part.
  func scattered(_ vectors: [[Float]], _ channels: [UInt16]) -> [Float] {
    guard hasOutliers else { return vectors[0] }
    var result = [Float](repeating: 0, count: dimension)
    for (place, value) in vectors.joined().enumerated() { result[Int(channels[place])] = value }
    return result
  }

  /// The channels in the order of the parts: those with the largest `squares` first, each part ascending.
  func channels(_ squares: [Double]) -> [UInt16] {
    let outliers = parts[0].codec.dimension
    let byWeight = squares.indices.sorted { (squares[$0], $1) > (squares[$1], $0) }
    let chosen = Set(byWeight.prefix(outliers))
    let (first, second) = (
      squares.indices.filter { chosen.contains($0) },
      squares.indices.filter { !chosen.contains($0) }
    )
    return (first + second).map { UInt16($0) }
  }
}
