// Pages of a snapshot: written and read.

internal import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantStorage

extension StoredRows {
  /// Bytes of a page in a snapshot.
  func pageByteCount(sealed: Bool) -> Int {
    switch self {
    case .codes(_, let codec):
      codec.channelGroups.reduce(0) { $0 + $1.layout(isSealed: sealed).byteCount }
    default: Page.rowCount * rowByteCount
    }
  }

  /// Bytes of all pages in a snapshot.
  var storedByteCount: Int {
    count / Page.rowCount * pageByteCount(sealed: true)
      + (count % Page.rowCount > 0 ? pageByteCount(sealed: false) : 0)
  }

  /// A page in the form that a snapshot holds: bytes beyond the last row are zero.
  func stored(_ number: Int) -> [AlignedBytes] {
    switch self {
    case .floats(let pages): [padded(pages[page: number].span.raw)]
    case .float16s(let pages): [padded(pages[page: number].span.raw)]
    case .codes(let groups, let codec):
      zip(groups, codec.channelGroups).map { $0.stored(number, $1) }
    }
  }

  private func padded(_ rows: RawSpan) -> AlignedBytes {
    AlignedBytes(copying: rows, byteCount: pageByteCount(sealed: false))
  }

  /// Appends a page of a snapshot; false if it holds a number that no append can write.
  mutating func restorePage(
    _ bytes: RawSpan, rows: Int, of file: SnapshotFile, _ kernels: Kernels
  ) -> Bool {
    switch self {
    case .floats(let pages):
      let floats = (0..<rows * pages.width).map { bytes.float32(at: 4 * $0) }
      append(.floats(floats))
      return kernels.largestMagnitude(floats.span) < KVCache.limit
    case .float16s(let pages):
      let float16s = (0..<rows * pages.width).map { bytes.integer(at: 2 * $0, as: UInt16.self) }
      append(.float16s(float16s))
      return float16s.allSatisfy(\.isFiniteFloat16)
    case .codes(var groups, let codec):
      var (start, isSound) = (0, true)
      for i in groups.indices {
        let layout = codec.channelGroups[i].layout(isSealed: rows == Page.rowCount)
        let page = bytes.extracting(start..<start + layout.byteCount)
        groups[i].append(
          AlignedBytes(borrowing: page, of: file), rows: rows, codec.channelGroups[i])
        let scales = stride(from: layout.scaleOffset, to: layout.byteCount, by: 4).map {
          page.float32(at: $0)
        }
        isSound =
          isSound && kernels.largestMagnitude(scales.span) <= KVCache.scaleLimit
          && codec.channelGroups[i].radii(page, rows: rows).allSatisfy(\.isFiniteFloat16)
        start += layout.byteCount
      }
      self = .codes(groups, codec)
      return isSound
    }
  }
}

extension ChannelGroupCodec {
  /// The radii of the first rows of a page, whose rows of PolarQuant are packed whether or not it is sealed.
  func radii(_ page: RawSpan, rows: Int) -> [UInt16] {
    (0..<rows).flatMap { row in
      stride(from: codec.layout.radii.lowerBound, to: codec.layout.radii.upperBound, by: 2).map {
        page.integer(at: row * codeByteCount + $0, as: UInt16.self)
      }
    }
  }
}

extension UInt16 {
  /// Whether these are the bits of a finite binary16 number.
  var isFiniteFloat16: Bool { self & 0x7C00 != 0x7C00 }
}
