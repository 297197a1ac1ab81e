// Reads the keys, or the values, of a head from a snapshot.

internal import TurboQuantKernels
internal import TurboQuantStorage

/// How far the sections of a snapshot have been read.
struct SnapshotCursor {
  var exact = 0
  var centers = 0
  var pages = 0
}

extension HeadVectors {
  /// Reads what a snapshot holds of these keys, or values.
  mutating func restore(
    _ file: SnapshotFile, _ tokens: SnapshotRecord.Tokens, hasCenter: Bool, hasChannels: Bool,
    _ cursor: inout SnapshotCursor, _ kernels: Kernels
  ) throws(KVCacheError) {
    forgotten = tokens.forgotten
    // Where a cache begins with float32, a file without exact tokens says float16, as it always did.
    let format = window.format == .float32 ? .float32 : tokens.format
    sinks = try exactRows(file, tokens.sinks, format, &cursor, kernels)
    window = try exactRows(file, tokens.window, format, &cursor, kernels)
    if hasCenter {
      let (count, start) = (4 * dimension, cursor.centers)
      center = try file.withBytes(SnapshotRecord.centers, at: start, count: count) { bytes in
        stride(from: 0, to: count, by: 4).map { bytes.float32(at: $0) }
      }
      guard kernels.largestMagnitude(center.span) <= KVCache.limit else {
        throw file.malformed(
          "a centre is not a number, or beyond 2^96", in: SnapshotRecord.centers, at: start)
      }
      cursor.centers += count
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
          "a scale or coordinate of tokens \(first) … is not a number, or too large",
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
    let (count, start) = (2 * dimension, cursor.centers)
    channels = try file.withBytes(SnapshotRecord.centers, at: start, count: count) { bytes in
      stride(from: 0, to: count, by: 2).map { bytes.integer(at: $0, as: UInt16.self) }
    }
    let groups = [channels[..<codec.start(1)], channels[codec.start(1)...]]
    guard channels.sorted() == (0..<dimension).map({ UInt16($0) }),
      groups.allSatisfy({ $0.sorted() == Array($0) })
    else {
      throw file.malformed(
        "the channels are not a permutation in ascending groups", in: SnapshotRecord.centers,
        at: start)
    }
    cursor.centers += count
  }

  private func exactRows(
    _ file: SnapshotFile, _ tokens: Int, _ format: ExactFormat, _ cursor: inout SnapshotCursor,
    _ kernels: Kernels
  ) throws(KVCacheError) -> ExactRows {
    let width = ExactRows.width(format) * dimension
    let (count, overflows) = width.multipliedReportingOverflow(by: tokens)
    let start = cursor.exact
    let rows = try file.withBytes(
      SnapshotRecord.exact, at: start, count: overflows ? .max : count
    ) { ExactRows($0, format, kernels) }
    guard let rows else {
      throw file.malformed(
        "a coordinate is not a number, or 2^96 or more", in: SnapshotRecord.exact, at: start)
    }
    cursor.exact += count
    return rows
  }
}
