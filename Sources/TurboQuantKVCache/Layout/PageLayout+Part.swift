internal import TurboQuant
internal import TurboQuantKernels

extension PageLayout {
  /// Codes of consecutive coordinates, or signs of consecutive projections.
  struct Part: Sendable {
    enum Content: Sendable {
      case codes(Codebook)
      case signs
      /// All coordinates as angles, and the radii.
      case angles(PolarQuantizer)

      /// Bits of a code that quads hold; nil for codes that stay in packed rows.
      var quadBits: Int? {
        switch self {
        case .codes(let codebook): codebook.bits
        case .signs: 1
        case .angles: nil
        }
      }

      /// Bytes of the packed codes of `count` coordinates.
      func byteCount(of count: Int) -> Int {
        switch self {
        case .codes(let codebook): (count * codebook.bits + 7) / 8
        case .signs: (count + 7) / 8
        case .angles(let polar): polar.byteCount + 2 * polar.blockCount
        }
      }
    }

    enum Order: Sendable {
      /// Packed rows, `stride` bytes apart.
      case rows(stride: Int)
      /// The page's rows are those of the quads.
      case quads(QuadShape)
      /// Quads of the transposed page: each coordinate is a row of quads, each row of the page a coordinate.
      case transposed(QuadShape)
    }

    let content: Content
    let coordinates: Range<Int>
    /// Where the part begins in a packed row, in bytes.
    let rowOffset: Int
    /// Where it begins in the page.
    let offset: Int
    let order: Order

    init(
      _ field: RowField, _ coordinates: Range<Int>, rowOffset: Int, offset: Int, _ order: Order
    ) {
      content = field.content
      self.coordinates = coordinates
      self.rowOffset = rowOffset
      self.offset = offset
      self.order = order
    }

    /// Bits of a code.
    var bits: Int {
      if case .codes(let codebook) = content { codebook.bits } else { 1 }
    }
    /// Bytes of a packed row.
    var packedByteCount: Int { content.byteCount(of: coordinates.count) }
    /// Bytes in the page.
    var byteCount: Int { Page.rowCount * packedByteCount }
  }
}
