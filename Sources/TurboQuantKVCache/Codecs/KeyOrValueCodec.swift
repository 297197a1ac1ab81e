internal import TurboQuant
internal import TurboQuantKernels

/// Encodes keys, or values: all channels together, or outlier channels and the others apart.
final class KeyOrValueCodec: Sendable {
  /// One group of all channels, or the outliers and then the others.
  let channelGroups: [ChannelGroupCodec]
  let dimension: Int

  init(_ channelGroups: [ChannelGroupCodec]) {
    self.channelGroups = channelGroups
    dimension = channelGroups.reduce(0) { $0 + $1.codec.dimension }
  }

  /// Whether outlier channels are coded apart from the others.
  var hasOutliers: Bool { channelGroups.count > 1 }
  /// Whether rows hold signs: scores are then estimates that belong to no decoded vector.
  var hasSigns: Bool { channelGroups.contains { $0.hasSigns } }
  /// Whether rows are centroids, which can be added up in the rotated frame.
  var isScalar: Bool { channelGroups.allSatisfy { $0.codec.quantizer == .scalar } }
  /// Bytes of a row.
  var rowByteCount: Int { channelGroups.reduce(0) { $0 + $1.rowByteCount } }
  /// Where the channels of group `number` begin among all channels.
  func start(_ number: Int) -> Int {
    channelGroups[..<number].reduce(0) { $0 + $1.codec.dimension }
  }

  /// The rows of vectors one after another, group by group.
  func rows(of vectors: Span<Float>, _ channels: [UInt16]) throws(CodecError) -> [CodedRows] {
    guard hasOutliers else { return [try channelGroups[0].rows(of: vectors)] }
    var rows: [CodedRows] = []
    for number in channelGroups.indices {
      rows.append(
        try channelGroups[number].rows(of: gathered(vectors, channels, group: number).span))
    }
    return rows
  }

  /// The channels of one group, for vectors one after another.
  ///
  /// Before the first token beyond the sinks there are no vectors and no order of channels.
  func gathered(_ vectors: Span<Float>, _ channels: [UInt16], group number: Int) -> [Float] {
    guard !vectors.isEmpty else { return [] }
    let width = channelGroups[number].codec.dimension
    let groupChannels = channels[start(number)..<start(number) + width]
    var result: [Float] = []
    result.reserveCapacity(vectors.count / dimension * width)
    for first in stride(from: 0, to: vectors.count, by: dimension) {
      for channel in groupChannels { result.append(vectors[first + Int(channel)]) }
    }
    return result
  }

  /// Puts one vector per group together again, as before ``gathered(_:_:group:)``.
  func scattered(_ vectors: [[Float]], _ channels: [UInt16]) -> [Float] {
    guard hasOutliers else { return vectors[0] }
    var result = [Float](repeating: 0, count: dimension)
    for (place, value) in vectors.joined().enumerated() { result[Int(channels[place])] = value }
    return result
  }
}

extension KeyOrValueCodec {
  /// The channels in the order of the groups: those with the largest `squares` first, each group ascending.
  func channels(_ squares: [Double]) -> [UInt16] {
    let outliers = channelGroups[0].codec.dimension
    let byWeight = squares.indices.sorted { (squares[$0], $1) > (squares[$1], $0) }
    let chosen = Set(byWeight.prefix(outliers))
    let (first, second) = (
      squares.indices.filter { chosen.contains($0) },
      squares.indices.filter { !chosen.contains($0) }
    )
    return (first + second).map { UInt16($0) }
  }
}
