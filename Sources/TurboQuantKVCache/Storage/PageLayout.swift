internal import TurboQuant
internal import TurboQuantKernels

/// Where everything lies in a page of codes: parts of the codes, then the scales of its rows.
///
/// An *open* page holds rows packed as the codec packs them; a partly filled page of a snapshot is one. In a *sealed*
/// one codes are in the quads that the kernels read, and nothing is lost or added; rows are sealed in runs.
final class PageLayout: Sendable {
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
      /// Each coordinate is a row of quads, whose coordinates are the page's rows.
      case turned(QuadShape)
    }

    let content: Content
    let coordinates: Range<Int>
    /// Where the part begins in a packed row, in bytes.
    let rowOffset: Int
    /// Where it begins in the page.
    let offset: Int
    let order: Order

    fileprivate init(
      _ piece: Piece, _ coordinates: Range<Int>, rowOffset: Int, offset: Int, _ order: Order
    ) {
      content = piece.content
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
  static func sealed(_ codec: Codec, turned: Bool) -> PageLayout {
    var parts: [Part] = []
    var end = 0
    for piece in pieces(codec) {
      let bits = piece.content.quadBits ?? 0
      let grain = bits == 0 || turned ? QuadShape.rowCount : QuadShape.grain(bits: bits)
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
        let shape = QuadShape(dimension: turned ? Page.rowCount : inQuads, bits: bits)
        append(
          piece.coordinates.lowerBound..<middle, at: piece.byteOffset,
          turned ? .turned(shape) : .quads(shape))
      }
      append(
        left, at: piece.byteOffset + inQuads * bits / 8,
        .rows(stride: piece.content.byteCount(of: left.count)))
    }
    return PageLayout(
      parts, codeBytes: end, hasCodes: !codec.layout.codes.isEmpty, hasSigns: codec.sketch != nil)
  }

  fileprivate typealias Piece = (
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

extension PageLayout.Part {
  /// Moves the part from a run of packed rows, `stride` bytes each, into rows `first`, … of a sealed page.
  func seal(_ rows: RawSpan, stride: Int, into page: inout MutableRawSpan, at first: Int) {
    switch order {
    case .rows(let ownStride):
      for row in 0..<Page.runCount {
        let start = row * stride + rowOffset
        page.copyBytes(
          of: rows.extracting(start..<start + packedByteCount),
          to: offset + (first + row) * ownStride)
      }
    case .quads(let shape):
      for row in Swift.stride(from: 0, to: Page.runCount, by: QuadShape.rowCount) {
        shape.fill(
          rows, at: row * stride + rowOffset, stride: stride, into: &page,
          at: offset + (first + row) / QuadShape.rowCount * shape.groupByteCount)
      }
    case .turned(let shape):
      shape.fillTurned(
        rows, at: rowOffset, stride: stride, groups: coordinates.count / QuadShape.rowCount,
        into: &page, at: offset, first..<first + Page.runCount)
    }
  }

  /// Moves the part of some rows of a sealed page into packed ones, which are zero before.
  func open(
    _ page: RawSpan, _ chosen: Range<Int>, stride: Int, into rows: inout MutableRawSpan
  ) {
    for row in chosen {
      let start = (row - chosen.lowerBound) * stride + rowOffset
      if case .rows(let ownStride) = order {
        let own = offset + row * ownStride
        rows.copyBytes(of: page.extracting(own..<own + packedByteCount), to: start)
      } else {
        rows.copyBytes(of: packedRow(row, page).span.raw, to: start)
      }
    }
  }

  /// One row out of quads.
  private func packedRow(_ row: Int, _ page: RawSpan) -> [UInt8] {
    var packed = [UInt8](repeating: 0, count: packedByteCount)
    for i in 0..<coordinates.count {
      let code: UInt8
      switch order {
      case .quads(let shape): code = shape.code(page, at: offset, row: row, i)
      case .turned(let shape): code = shape.code(page, at: offset, row: i, row)
      case .rows: preconditionFailure("rows are no quads")
      }
      // A code may lie in two bytes.
      let bits = UInt16(code) << UInt16(i * self.bits % 8)
      packed[i * self.bits / 8] |= UInt8(truncatingIfNeeded: bits)
      if bits > 255 { packed[i * self.bits / 8 + 1] |= UInt8(bits >> 8) }
    }
    return packed
  }
}
