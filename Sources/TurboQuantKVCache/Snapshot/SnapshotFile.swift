internal import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantStorage

/// How far the sections of a snapshot have been read.
struct SnapshotCursor {
  var exact = 0
  var centres = 0
  var pages = 0
}

/// A snapshot that is mapped, every byte of which matches its checksum.
final class SnapshotFile: Sendable {
  private let container: ContainerReader

  init(_ path: String) throws(StorageError) {
    let container = try ContainerReader(path, kind: SnapshotRecord.kind)
    try container.verify()
    self.container = container
  }

  /// An error at a byte of a section.
  func malformed(_ reason: String, in section: String, at offset: Int = 0) -> KVCacheError {
    let start = container.sections.first { $0.name == section }?.offset
    let place = start.map { $0 + UInt64(offset) }
    return KVCacheError(
      .file(path: container.path, offset: place),
      "\(singleLine(container.path)): section “\(section)”: \(reason)"
        + (place.map { " (at byte \($0))" } ?? ""))
  }

  /// Lends `count` bytes of a section from `offset` on.
  func withBytes<R>(
    _ section: String, at offset: Int, count: Int,
    _ body: (RawSpan) throws(KVCacheError) -> R
  ) throws(KVCacheError) -> R {
    let size = container.sections.first { $0.name == section }.map { Int($0.byteCount) } ?? 0
    guard count >= 0, offset >= 0, count <= size - offset else {
      throw malformed("\(size) bytes, fewer than its tokens need", in: section)
    }
    return try SnapshotFile.lend(container, section, offset..<offset + count, body)
  }

  // A borrowed parameter lends its spans for the whole call; a property of a class would not.
  private static func lend<R>(
    _ container: borrowing ContainerReader, _ name: String, _ range: Range<Int>,
    _ body: (RawSpan) throws(KVCacheError) -> R
  ) throws(KVCacheError) -> R {
    let bytes: RawSpan
    do throws(StorageError) {
      bytes = try container.bytes(of: name, range)
    } catch {
      throw KVCacheError(.file(path: error.path, offset: error.offset), error.description)
    }
    return try body(bytes)
  }

  private func byteCount(_ section: String) -> Int {
    container.sections.first { $0.name == section }.map { Int($0.byteCount) } ?? 0
  }

  /// Refuses a snapshot of another configuration, and names the first difference.
  func checkConfiguration(_ configuration: KVConfiguration) throws(KVCacheError) {
    let section = SnapshotRecord.configuration
    let found = try withBytes(section, at: 0, count: byteCount(section)) { bytes in
      String(decoding: bytes.byteArray(0..<bytes.byteCount), as: UTF8.self)
    }
    let expected = configuration.record
    guard found != expected else { return }
    let lines = (found.split(separator: "\n"), expected.split(separator: "\n"))
    let place = lines.0.indices.first { $0 >= lines.1.count || lines.0[$0] != lines.1[$0] }
    let (theirs, ours) = (
      place.map { String(lines.0[$0]) } ?? "nothing more",
      place.flatMap { $0 < lines.1.count ? String(lines.1[$0]) : nil } ?? "nothing more"
    )
    throw malformed(
      "written for “\(singleLine(theirs))”, the codec has “\(singleLine(ours))”", in: section)
  }

  /// How many tokens lie where; refuses counts that no history leaves.
  func tokens(_ configuration: KVConfiguration) throws(KVCacheError) -> SnapshotRecord.Tokens {
    let section = SnapshotRecord.tokens
    let tokens = try withBytes(section, at: 0, count: byteCount(section)) {
      (bytes) throws(KVCacheError) in
      try SnapshotRecord.Tokens(bytes) { malformed($0, in: section, at: $1) }
    }
    let beyondSinks = tokens.stored + tokens.window + tokens.forgotten
    guard tokens.sinks <= configuration.sinks, tokens.window <= configuration.window,
      tokens.sinks == configuration.sinks || beyondSinks == 0,
      tokens.forgotten % Page.rowCount == 0,
      tokens.forgotten == 0 || configuration.slidingWindow != nil
    else {
      throw malformed(
        "\(tokens.sinks) sinks, \(tokens.forgotten) tokens forgotten, \(tokens.stored) tokens and a "
          + "window of \(tokens.window)",
        in: section)
    }
    // What the first token beyond the sinks fixes is there after it, and nothing else ever is.
    for (i, isFixed) in configuration.flags.enumerated() {
      let isThere = tokens.flags[i]
      guard isThere ? isFixed : !isFixed || beyondSinks == 0 else {
        throw malformed(
          "flag \(isThere ? 1 : 0), which no cache of this configuration has with \(beyondSinks) tokens beyond "
            + "its sinks", in: section, at: 4 + i)
      }
    }
    return tokens
  }

  /// Refuses sections that hold more than was read.
  func checkEnds(_ cursor: SnapshotCursor) throws(KVCacheError) {
    for (section, read) in [
      (SnapshotRecord.exact, cursor.exact), (SnapshotRecord.centres, cursor.centres),
      (SnapshotRecord.pages, cursor.pages),
    ] where byteCount(section) != read {
      throw malformed("\(byteCount(section)) bytes, of which its tokens need \(read)", in: section)
    }
  }
}

extension HeadVectors {
  /// Reads what a snapshot holds of these keys, or values.
  mutating func restore(
    _ file: SnapshotFile, _ tokens: SnapshotRecord.Tokens, hasCentre: Bool, hasChannels: Bool,
    _ cursor: inout SnapshotCursor, _ kernels: Kernels
  ) throws(KVCacheError) {
    forgotten = tokens.forgotten
    sinks = try halves(file, tokens.sinks, &cursor)
    window = try halves(file, tokens.window, &cursor)
    if hasCentre {
      let (count, start) = (4 * dimension, cursor.centres)
      centre = try file.withBytes(SnapshotRecord.centres, at: start, count: count) { bytes in
        stride(from: 0, to: count, by: 4).map { bytes.float32(at: $0) }
      }
      guard kernels.largestMagnitude(centre.span) <= KVCache.limit else {
        throw file.malformed(
          "a centre is no number, or beyond 2^96", in: SnapshotRecord.centres, at: start)
      }
      cursor.centres += count
    }
    if hasChannels { try restoreChannels(file, &cursor) }
    for first in stride(from: 0, to: tokens.stored, by: Page.rowCount) {
      let rows = min(Page.rowCount, tokens.stored - first)
      let count = stored.pageByteCount(sealed: rows == Page.rowCount)
      let start = cursor.pages
      let isSound = try file.withBytes(SnapshotRecord.pages, at: start, count: count) { bytes in
        stored.restorePage(bytes, rows: rows, of: file, kernels)
      }
      guard isSound else {
        throw file.malformed(
          "a scale or coordinate of tokens \(first) … is no number, or too large",
          in: SnapshotRecord.pages,
          at: start)
      }
      cursor.pages += count
    }
  }

  /// The order of the channels follows the centre, where channels are told apart.
  private mutating func restoreChannels(
    _ file: SnapshotFile, _ cursor: inout SnapshotCursor
  ) throws(KVCacheError) {
    guard case .codes(_, let codec) = stored, codec.hasOutliers else {
      throw file.malformed("channels that nothing tells apart", in: SnapshotRecord.tokens)
    }
    let (count, start) = (2 * dimension, cursor.centres)
    channels = try file.withBytes(SnapshotRecord.centres, at: start, count: count) { bytes in
      stride(from: 0, to: count, by: 2).map { bytes.integer(at: $0, as: UInt16.self) }
    }
    let own = [channels[..<codec.start(1)], channels[codec.start(1)...]]
    guard channels.sorted() == (0..<dimension).map({ UInt16($0) }),
      own.allSatisfy({ $0.sorted() == Array($0) })
    else {
      throw file.malformed(
        "the channels are not each there once, in order", in: SnapshotRecord.centres, at: start)
    }
    cursor.centres += count
  }

  private func halves(
    _ file: SnapshotFile, _ tokens: Int, _ cursor: inout SnapshotCursor
  ) throws(KVCacheError) -> [UInt16] {
    let (count, overflows) = (2 * dimension).multipliedReportingOverflow(by: tokens)
    let start = cursor.exact
    let halves = try file.withBytes(
      SnapshotRecord.exact, at: start, count: overflows ? .max : count
    ) { bytes in
      stride(from: 0, to: count, by: 2).map { bytes.integer(at: $0, as: UInt16.self) }
    }
    guard halves.allSatisfy(\.isFiniteHalf) else {
      throw file.malformed("a coordinate is no number", in: SnapshotRecord.exact, at: start)
    }
    cursor.exact += count
    return halves
  }
}

extension UInt16 {
  /// Whether these are the bits of a finite binary16 number.
  fileprivate var isFiniteHalf: Bool { self & 0x7C00 != 0x7C00 }
}

// MARK: Pages

extension StoredRows {
  /// Bytes of a page in a snapshot.
  func pageByteCount(sealed: Bool) -> Int {
    switch self {
    case .codes(_, let codec):
      codec.channelGroups.reduce(0) { $0 + $1.layout(isSealed: sealed).byteCount }
    default: Page.rowCount * rowByteCount
    }
  }

  /// A page as a snapshot holds it: what lies beyond the last row is zero.
  func stored(_ number: Int) -> [AlignedBytes] {
    switch self {
    case .floats(let pages): [padded(pages[page: number].span.raw)]
    case .halves(let pages): [padded(pages[page: number].span.raw)]
    case .codes(let groups, let codec):
      zip(groups, codec.channelGroups).map { $0.stored(number, $1) }
    }
  }

  private func padded(_ rows: RawSpan) -> AlignedBytes {
    AlignedBytes(copying: rows, byteCount: pageByteCount(sealed: false))
  }

  /// Appends a page of a snapshot; false where it holds a number that no append leaves.
  mutating func restorePage(
    _ bytes: RawSpan, rows: Int, of file: SnapshotFile, _ kernels: Kernels
  ) -> Bool {
    switch self {
    case .floats(let pages):
      let floats = (0..<rows * pages.width).map { bytes.float32(at: 4 * $0) }
      append(.floats(floats))
      return kernels.largestMagnitude(floats.span) < KVCache.limit
    case .halves(let pages):
      let halves = (0..<rows * pages.width).map { bytes.integer(at: 2 * $0, as: UInt16.self) }
      append(.halves(halves))
      return halves.allSatisfy(\.isFiniteHalf)
    case .codes(var groups, let codec):
      var (start, isSound) = (0, true)
      for i in groups.indices {
        let layout = codec.channelGroups[i].layout(isSealed: rows == Page.rowCount)
        let own = bytes.extracting(start..<start + layout.byteCount)
        groups[i].append(AlignedBytes(borrowing: own, of: file), rows: rows, codec.channelGroups[i])
        let scales = stride(from: layout.scaleOffset, to: layout.byteCount, by: 4).map {
          own.float32(at: $0)
        }
        isSound =
          isSound && kernels.largestMagnitude(scales.span) <= KVCache.scaleLimit
          && codec.channelGroups[i].radii(own, rows: rows).allSatisfy(\.isFiniteHalf)
        start += layout.byteCount
      }
      self = .codes(groups, codec)
      return isSound
    }
  }
}
