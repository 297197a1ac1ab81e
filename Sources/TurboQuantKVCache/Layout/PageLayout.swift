internal import TurboQuant
internal import TurboQuantKernels

/// Where the bytes of a page of codes lie: the parts of the codes, then the scales of its rows.
///
/// An *open* page holds rows as the codec packs them, for example a partly filled page of a snapshot. A *sealed* page
/// holds the same bits as quads, which the kernels read. Rows are sealed a batch at a time.
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
    let parts = RowField.all(codec).map {
      Part(
        $0, $0.coordinates, rowOffset: $0.byteOffset, offset: $0.byteOffset, .rows(stride: stride))
    }
    return PageLayout(
      parts, codeBytes: Page.rowCount * stride, hasCodes: !codec.layout.codes.isEmpty,
      hasSigns: codec.sketch != nil)
  }

  /// The layout of sealed pages.
  ///
  /// Coordinates that do not fill quads stay in packed rows.
  static func sealed(_ codec: Codec, transposed: Bool) -> PageLayout {
    var parts: [Part] = []
    var end = 0
    for field in RowField.all(codec) {
      let bits = field.content.quadBits ?? 0
      // Quads hold a multiple of so many coordinates.
      let multiple =
        bits == 0 || transposed ? QuadShape.rowCount : QuadShape.coordinateMultiple(bits: bits)
      let inQuads = bits == 0 ? 0 : field.coordinates.count / multiple * multiple
      let firstLeft = field.coordinates.lowerBound + inQuads
      let left = firstLeft..<field.coordinates.upperBound
      func append(_ coordinates: Range<Int>, at rowOffset: Int, _ order: Part.Order) {
        guard !coordinates.isEmpty else { return }
        let part = Part(field, coordinates, rowOffset: rowOffset, offset: end, order)
        parts.append(part)
        end += part.byteCount
      }
      if inQuads > 0 {
        let shape = QuadShape(dimension: transposed ? Page.rowCount : inQuads, bits: bits)
        append(
          field.coordinates.lowerBound..<firstLeft, at: field.byteOffset,
          transposed ? .transposed(shape) : .quads(shape))
      }
      append(
        left, at: field.byteOffset + inQuads * bits / 8,
        .rows(stride: field.content.byteCount(of: left.count)))
    }
    return PageLayout(
      parts, codeBytes: end, hasCodes: !codec.layout.codes.isEmpty, hasSigns: codec.sketch != nil)
  }
}

/// A field of a packed row.
struct RowField {
  let content: PageLayout.Part.Content
  let coordinates: Range<Int>
  /// Where the field begins in the row.
  let byteOffset: Int

  /// The fields of a codec's rows.
  static func all(_ codec: Codec) -> [RowField] {
    var fields = (codec.scalarQuantizer?.segments ?? []).map {
      RowField(
        content: .codes($0.codebook), coordinates: $0.coordinates, byteOffset: $0.byteOffset)
    }
    if let polar = codec.polarQuantizer {
      fields.append(
        RowField(content: .angles(polar), coordinates: 0..<codec.dimension, byteOffset: 0))
    }
    if let sketch = codec.sketch {
      fields.append(
        RowField(
          content: .signs, coordinates: 0..<sketch.directions,
          byteOffset: codec.layout.signs.lowerBound))
    }
    return fields
  }
}
