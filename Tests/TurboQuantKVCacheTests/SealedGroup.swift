import TurboQuantKernels

@testable import TurboQuant
@testable import TurboQuantKVCache

/// The sealed rows of a channel group: what they stand for, and what the kernels read instead.
///
/// In the rotated frame, where a centroid c, times the scale of its row, is read as the nearest integer times a step.
struct SealedGroup {
  let codec: ChannelGroupCodec
  /// The channels that it has, in its order.
  let channels: [Int]
  /// Row after row: scale times centroid, and by how much the kernels' number is larger.
  private(set) var rows: [Double] = []
  private(set) var roundings: [Double] = []
  private(set) var scales: [Double] = []
  /// The largest whole number of a key's query: where parts differ the smaller.
  private(set) var largestOfQuery = Double.infinity
  /// The variance of a score that rounding the query's projections makes, relative to ‖q‖²‖k‖².
  private(set) var projections = 0.0
  /// What rounding the centroids makes of a coordinate, relative to the coordinates' deviation, by the codebook's law.
  private(set) var rounding = 0.0

  var dimension: Int { codec.codec.dimension }

  /// The groups of keys, or of values; none if no codes are sealed.
  static func all(_ vectors: HeadVectors, _ codec: KeyOrValueCodec?) -> [SealedGroup] {
    guard let codec, case .codes(let pages, _) = vectors.stored, pages[0].sealed.count > 0 else {
      return []
    }
    return codec.channelGroups.indices.map { number in
      let group = codec.channelGroups[number]
      let some = codec.start(number)..<codec.start(number) + group.codec.dimension
      return SealedGroup(
        pages[number].sealed, group,
        codec.hasOutliers ? vectors.channels[some].map { Int($0) } : Array(some))
    }
  }

  private init(_ sealed: SealedPages, _ codec: ChannelGroupCodec, _ channels: [Int]) {
    (self.codec, self.channels) = (codec, channels)
    var hasSegments = false
    for (part, whole) in zip(codec.sealedLayout.parts, codec.integerCodebooks) {
      switch part.content {
      case .codes(let codebook):
        hasSegments = true
        if let whole { add(codebook, whole) }
      case .signs:
        // Each of m projections of some ‖q‖/√d is off by half a step of 4 deviations over 64; the estimate is
        // √(π/2)·√d/m times their sum.
        guard whole != nil, let sketch = codec.codec.sketch else { continue }
        let step = 4 / (2 * 64) / 3.0.squareRoot()
        projections = max(projections, Double.pi / 2 * step * step / Double(sketch.directions))
      case .angles: break
      }
    }
    guard hasSegments else { return }
    let errors = zip(codec.sealedLayout.parts, codec.integerCodebooks).map(SealedGroup.errors)
    for number in sealed.pages.indices { addPage(sealed, number, errors) }
  }

  private mutating func add(_ codebook: Codebook, _ whole: IntegerCodebook) {
    largestOfQuery = min(
      largestOfQuery, whole.isNarrow ? 64 : Double(QuadShape.largestWeight))
    // Centroids of low probability count little in a root mean square: weigh them as the law does.
    let deviation = 1 / Double(dimension).squareRoot()
    var (sum, weights) = (0.0, 0.0)
    for (i, c) in codebook.exactCentroids.enumerated() {
      let weight = Portable.exp(-c * c / (2 * deviation * deviation))
      let error = c - whole.step * Double(whole.number(ofCode: i))
      sum += weight * error * error
      weights += weight
    }
    rounding = max(rounding, (sum / weights).squareRoot() / deviation)
  }

  private mutating func addPage(_ sealed: SealedPages, _ number: Int, _ errors: [[Float: Double]]) {
    let count = max(0, sealed.rowCount(ofPage: number))
    let packed = codec.packed(sealed.pages[number], 0..<count)
    var codeword = FloatBuffer(count: dimension)
    for row in 0..<count {
      for segment in codec.codec.scalarQuantizer?.segments ?? [] {
        codec.codec.kernels.dequantize(
          segment.codebook.kernel, packed.bytes.span.raw,
          at: row * codec.codeByteCount + segment.byteOffset, into: &codeword, segment.coordinates)
      }
      let scale = Double(packed.scales[row])
      scales.append(scale)
      for i in 0..<dimension { rows.append(scale * Double(codeword.span[i])) }
      for (part, ofPart) in zip(codec.sealedLayout.parts, errors) where !ofPart.isEmpty {
        for i in part.coordinates {
          roundings.append(scale * (ofPart[codeword.span[i]] ?? .nan))
        }
      }
    }
  }

  /// By how much the kernels' number is larger than each centroid of a part; empty if it has none.
  private static func errors(
    _ part: PageLayout.Part, _ whole: IntegerCodebook?
  ) -> [Float: Double] {
    guard case .codes(let codebook) = part.content else { return [:] }
    var errors: [Float: Double] = [:]
    for (i, c) in codebook.exactCentroids.enumerated() {
      errors[Float(c)] = whole.map { $0.step * Double($0.number(ofCode: i)) - c } ?? 0
    }
    return errors
  }
}

extension SealedGroup {
  /// What of each row meets weights of so many steps on a side of zero, in the frame of the values.
  func weightParts() throws -> [(steps: Double, rows: [Float])] {
    var coordinates: [Int: [Int]] = [:]
    for (part, whole) in zip(codec.sealedLayout.parts, codec.integerCodebooks) {
      guard let whole else { continue }
      let steps = whole.isNarrow ? 8192 : Int(QuadShape.largestWeight)
      coordinates[steps, default: []] += part.coordinates
    }
    return try coordinates.map { steps, some in
      let parts = try scales.indices.flatMap { row in
        var part = [Float](repeating: 0, count: dimension)
        for i in some { part[i] = Float(rows[row * dimension + i]) }
        return try codec.codec.rotation.applyInverse(to: part)
      }
      return (Double(steps), parts)
    }
  }
}

extension IntegerCodebook {
  /// Whether its numbers are bytes.
  fileprivate var isNarrow: Bool { if case .int8 = numbers { true } else { false } }
}
