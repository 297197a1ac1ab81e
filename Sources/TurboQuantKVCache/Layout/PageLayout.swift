internal import TurboQuant
internal import TurboQuantKernels

/// Where everything lies in a page of codes: parts of the codes, then the scales of its rows.
///
/// An *open* page holds rows packed as the codec packs them; a partly filled page of a snapshot is one. In a *sealed*
/// one codes are in the quads that the kernels read, and nothing is lost or added; rows are sealed a batch at a time.
final class PageLayout: Sendable {
  let parts: [Part]
  /// Where the float32 scales of codes begin, and those of signs.
  let scaleOffset: Int
  let signScaleOffset: Int
  let byteCount: Int

  /// Where the scales of a part begin.
  func scaleOffset(ofPart number: Int) -> Int {
    if case .signs = parts[number].content { signScaleOffset } else { scaleOffset }
  }

  private init(_ parts: [Part], codeBytes: Int, hasCodes: Bool, hasSigns: Bool) {
    self.parts = parts
    scaleOffset = codeBytes
    signScaleOffset = scaleOffset + (hasCodes ? 4 * Page.rowCount : 0)
    byteCount = signScaleOffset + (hasSigns ? 4 * Page.rowCount : 0)
  }

  /// The layout of open pages.
  static func open(_ codec: Codec) -> PageLayout {
    let stride = codec.layout.radii.upperBound
    let parts = pieces(codec).map {
      Part(
        $0, $0.coordinates, rowOffset: $0.byteOffset, offset: $0.byteOffset, .rows(stride: stride))
    }
    return PageLayout(
      parts, codeBytes: Page.rowCount * stride, hasCodes: !codec.layout.codes.isEmpty,
      hasSigns: codec.sketch != nil)
  }

  /// The layout of sealed pages: coordinates that do not fill quads stay in packed rows.
  static func sealed(_ codec: Codec, transposed: Bool) -> PageLayout {
    var parts: [Part] = []
    var end = 0
    for piece in pieces(codec) {
      let bits = piece.content.quadBits ?? 0
      let grain = bits == 0 || transposed ? QuadShape.rowCount : QuadShape.grain(bits: bits)
      let inQuads = bits == 0 ? 0 : piece.coordinates.count / grain * grain
      let middle = piece.coordinates.lowerBound + inQuads
      let left = middle..<piece.coordinates.upperBound
      func append(_ coordinates: Range<Int>, at rowOffset: Int, _ order: Part.Order) {
        guard !coordinates.isEmpty else { return }
        let part = Part(piece, coordinates, rowOffset: rowOffset, offset: end, order)
        parts.append(part)
        end += part.byteCount
      }
      if inQuads > 0 {
        let shape = QuadShape(dimension: transposed ? Page.rowCount : inQuads, bits: bits)
        append(
          piece.coordinates.lowerBound..<middle, at: piece.byteOffset,
          transposed ? .transposed(shape) : .quads(shape))
      }
      append(
        left, at: piece.byteOffset + inQuads * bits / 8,
        .rows(stride: piece.content.byteCount(of: left.count)))
    }
    return PageLayout(
      parts, codeBytes: end, hasCodes: !codec.layout.codes.isEmpty, hasSigns: codec.sketch != nil)
  }

  typealias Piece = (
    content: Part.Content, coordinates: Range<Int>, byteOffset: Int
  )

  /// What a packed row consists of.
  private static func pieces(_ codec: Codec) -> [Piece] {
    var pieces: [Piece] = (codec.scalarQuantizer?.segments ?? []).map {
      (.codes($0.codebook), $0.coordinates, $0.byteOffset)
    }
    if let polar = codec.polarQuantizer { pieces.append((.angles(polar), 0..<codec.dimension, 0)) }
    if let sketch = codec.sketch {
      pieces.append((.signs, 0..<sketch.directions, codec.layout.signs.lowerBound))
    }
    return pieces
  }
}
