public import TurboQuant
internal import TurboQuantKernels

/// Compressed vectors that can be searched, without training.
///
/// An index is a value. Copies share their rows until one of them is changed, so a search on a copy
/// sees the rows that were there when the copy was made. ``SharedVectorIndex`` does this for many
/// threads.
///
/// ```swift
/// var index = try VectorIndex(dimension: 384, bits: 4, metric: .cosine, seed: 42)
/// try index.add(vectors, ids: ids)
/// let hits = try index.search(queries, count: 10)  // one list of hits for each query
/// try index.save(to: "packages.tqi")
/// ```
///
/// Memory: ``bytesPerVector``, eight bytes of id per row, tags and four bytes more if rows have them, and the originals
/// if they are kept. Changing an index takes about 40 more bytes per row, for finding ids, and about 100 for tags. An index and its copies keep up to 16 MiB of scratch memory for
/// searches.
public struct VectorIndex: Sendable {
  /// The codec of the rows.
  public let codec: Codec
  /// What makes two vectors near.
  public let metric: Metric
  /// The vector that is subtracted from every row before it is encoded, or nil.
  public var mean: [Float]? { if case .one(let center) = centers { center.vector } else { nil } }
  /// How the vectors themselves are kept, or nil where they are not.
  public let originals: Originals?
  /// What the rows' tags are, or nil where rows have none.
  public let tagKind: TagKind?
  /// A hash of everything that decides what codes and scores mean.
  public let fingerprint: Fingerprint

  let centers: Centers
  let shape: RowShape
  let rowRules: RowRules
  let scanCodebook: ScanCodebook
  let certificate: Certificate?
  let scratch = ScratchPool()
  var rows: RowStore
  /// The file, or the bytes, that the index was opened from; unchanged rows are still read from it.
  var sections: IndexSections?
  /// Optional sections of that file that this build does not know, to be written again.
  var keptSections: [String] = []
  /// The slot of every id and tag; nil until it is needed.
  var slots: SlotTable?
  /// The id that the next row without one gets, or nil when there is none left.
  var nextID: UInt64? = 0

  /// Creates an empty index over codes of `codec`.
  ///
  /// - Parameters:
  ///   - codec: Scalar codes of 1, 2, 3, 4 or 8 bits, or two stages with such codes and one bit more.
  ///     Its rows keep norms, except for cosines without a mean.
  ///   - metric: What makes two vectors near.
  ///   - mean: A vector to subtract from every row (for cosines: from every direction). It helps
  ///     if it is longer than rows are far from it; <doc:searching-codes> says by how much.
  ///   - originals: Whether and how vectors are kept for exact comparison.
  ///   - tags: Whether rows have tags, the application's own names; such rows are added with tags, not with ids.
  /// - Throws: ``IndexError`` when the codec cannot be scanned or does not go with the metric, or
  ///   the mean has another dimension or is not finite.
  public init(
    codec: Codec, metric: Metric = .innerProduct, mean: [Float]? = nil, originals: Originals? = nil,
    tags: TagKind? = nil
  ) throws(IndexError) {
    let wanted = Centers.normalization(metric, isCentered: mean != nil)
    guard codec.normalization == wanted else {
      throw .codecNotOffered(
        wanted == .unit
          ? "cosines without a mean need a codec of directions (normalization: .unit)"
          : "this metric needs a codec that keeps norms (normalization: .norm)")
    }
    centers = try Centers(mean: mean, metric, dimension: codec.dimension)
    shape = try RowShape(
      codec: codec, originals: originals, hasCenterComponents: centers.hasComponents)
    guard let codebook = codec.scalarQuantizer?.segments.first?.codebook,
      let bounds = codec.scalarBounds
    else {
      throw .codecNotOffered("it has no codebook")
    }
    self.codec = codec
    self.metric = metric
    self.originals = originals
    tagKind = tags
    rowRules = RowRules(codec, bounds, shape, originals)
    scanCodebook = ScanCodebook(codebook)
    certificate = Certificate(codec, codebook)
    rows = RowStore(shape, hasTags: tags != nil)
    slots = SlotTable()
    fingerprint = VectorIndex.fingerprint(codec, metric, mean)
  }

  /// Creates an empty index.
  ///
  /// - Parameters:
  ///   - dimension: The number of coordinates, 1 … 65,536.
  ///   - bits: Bits per coordinate: 1, 2, 3, 4 or 8; two stages 2, 3, 4, 5.
  ///   - metric: What makes two vectors near.
  ///   - isTwoStage: Whether one of the bits is a sketch of the residual.
  ///   - mean: A vector to subtract from every row. It helps if it is longer than rows are far from it.
  ///   - originals: Whether and how vectors are kept for exact comparison.
  ///   - tags: Whether rows have tags, the application's own names.
  ///   - seed: Chooses the rotation; indexes of one seed can be merged.
  /// - Throws: ``IndexError`` when there is no such codec.
  public init(
    dimension: Int, bits: Int = 4, metric: Metric = .innerProduct, isTwoStage: Bool = false,
    mean: [Float]? = nil, originals: Originals? = nil, tags: TagKind? = nil, seed: UInt64 = 0
  ) throws(IndexError) {
    guard (1...9).contains(bits) else {
      throw .codecNotOffered(
        "\(bits) bits per coordinate; take 1, 2, 3, 4 or 8, and in two stages 2, 3, 4, 5 or 9")
    }
    let codec = try rethrowing { () throws(CodecError) in
      try Codec(
        dimension: dimension, rate: .bits(bits), quantizer: isTwoStage ? .twoStage() : .scalar,
        normalization: Centers.normalization(metric, isCentered: mean != nil), seed: seed)
    }
    try self.init(codec: codec, metric: metric, mean: mean, originals: originals, tags: tags)
  }

  /// The number of rows.
  public var count: Int { rows.count }

  /// Whether there are no rows.
  public var isEmpty: Bool { rows.count == 0 }

  /// Bytes of a row's codes and scalars, without its id and its original.
  public var bytesPerVector: Int { shape.bytesPerVector }

  private static func fingerprint(_ codec: Codec, _ metric: Metric, _ mean: [Float]?) -> Fingerprint
  {
    var record = Array("swift-turboquant index".utf8) + codec.fingerprint.bytes
    record.append(metric.rawValue)
    for value in mean ?? [] { record.append(littleEndian: value.bitPattern) }
    return Fingerprint(of: record)
  }
}
