internal import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantStorage

/// A snapshot, mapped or in memory, whose checksums all match.
final class SnapshotFile: Sendable {
  private let container: ContainerReader

  init(_ container: consuming ContainerReader) throws(StorageError) {
    try container.verify()
    for name in SnapshotRecord.sections
    where !container.sections.contains(where: { $0.name == name }) {
      // The number of sections is at byte 24.
      throw StorageError(.missingSection(name: name), path: container.path, offset: 24)
    }
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

  /// Calls `body` with `count` bytes of a section from `offset` on.
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

  // The spans of a borrowed parameter live for the whole call; those of a class's property would not.
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

  /// What the snapshot says about itself; refuses versions and content that this build does not read.
  func tokens() throws(KVCacheError) -> SnapshotRecord.Tokens {
    let section = SnapshotRecord.tokens
    return try withBytes(section, at: 0, count: byteCount(section)) {
      (bytes) throws(KVCacheError) in
      try SnapshotRecord.Tokens(bytes) { malformed($0, in: section, at: $1) }
    }
  }

  /// Where the tokens stand.
  func positions(of tokens: SnapshotRecord.Tokens) throws(KVCacheError) -> Positions {
    let section = SnapshotRecord.removed
    guard tokens.version > 2, container.sections.contains(where: { $0.name == section }) else {
      return Positions()
    }
    return try withBytes(section, at: 0, count: byteCount(section)) {
      (bytes) throws(KVCacheError) in
      try Positions(bytes, count: tokens.count) { malformed($0, in: section, at: $1) }
    }
  }

  /// Refuses counts that no cache of the configuration can have.
  func check(
    _ tokens: SnapshotRecord.Tokens, _ positions: Positions, _ configuration: KVConfiguration
  ) throws(KVCacheError) {
    let section = SnapshotRecord.tokens
    // A token is forgotten only when the next query does not see it.
    let (beyondSinks, isWhole) = (tokens.beyondSinks, positions.gaps.isEmpty)
    guard tokens.sinks <= configuration.sinks,
      tokens.window <= (tokens.awaited.map { $0 - 1 } ?? configuration.window),
      tokens.sinks == configuration.sinks || beyondSinks == 0 || !isWhole,
      tokens.forgotten % Page.rowCount == 0 || !isWhole,
      tokens.forgotten == 0
        || configuration.slidingWindow.map({
          positions.firstSeen(tokens.count + 1, $0) >= tokens.sinks + tokens.forgotten
        }) == true
    else {
      throw malformed(
        "\(tokens.sinks) sinks, \(tokens.forgotten) tokens forgotten, \(tokens.stored) tokens and a "
          + "window of \(tokens.window)",
        in: section)
    }
    try checkExtensions(tokens, configuration)
    guard tokens.awaited == nil else { return }
    // Centres and channels exist once there are tokens beyond the sinks that do not wait for them, and not before.
    for (i, isFixed) in configuration.flags.enumerated() {
      let isThere = tokens.flags[i]
      guard isThere ? isFixed : !isFixed || beyondSinks == 0 else {
        throw malformed(
          "flag \(isThere ? 1 : 0), which no cache of this configuration has with \(beyondSinks) tokens beyond "
            + "its sinks", in: section, at: 4 + i)
      }
    }
  }

  /// Refuses a format of exact tokens, and a centre that is awaited, where no cache of the configuration has them.
  private func checkExtensions(
    _ tokens: SnapshotRecord.Tokens, _ configuration: KVConfiguration
  ) throws(KVCacheError) {
    let section = SnapshotRecord.tokens
    if tokens.awaited != nil {
      guard configuration.mayWait, tokens.window > 0, tokens.stored + tokens.forgotten == 0,
        !tokens.flags.contains(true)
      else {
        throw malformed(
          "a centre or channels that are not yet fixed, where none can be awaited", in: section,
          at: 41)
      }
    }
    let formats: [ExactFormat]
    if let format = configuration.exactTokens {
      formats = [format]
    } else if configuration.mayKeepExactTokens {
      formats = tokens.count > 0 ? [.float16, .float32] : [.float16]
    } else {
      formats = [tokens.awaited == nil ? .float16 : .float32]
    }
    guard formats.contains(tokens.format) else {
      throw malformed(
        "exact tokens as \(tokens.format.rawValue), which no cache of this configuration has",
        in: section, at: 40)
    }
  }

  /// Refuses a snapshot whose settings agree with the codec's, but not its codes.
  func checkFingerprint(
    _ tokens: SnapshotRecord.Tokens, _ codec: KVCodec
  ) throws(KVCacheError) {
    guard tokens.version > 2 else { return }
    guard tokens.equalization == codec.configuration.equalizationRecord else {
      throw malformed(
        "the hash of the equalization is not that of the configuration", in: SnapshotRecord.tokens,
        at: SnapshotRecord.Tokens.fingerprintOffset + 32)
    }
    let expected = codec.fingerprint
    guard tokens.fingerprint != expected.bytes else { return }
    let found = hexadecimal(Array(tokens.fingerprint.prefix(8))).filter { $0 != " " }
    throw malformed(
      "fingerprint \(found)…, the codec's is \(expected.description.prefix(16))…: the same settings, but other "
        + "codes; fill the cache anew",
      in: SnapshotRecord.tokens, at: SnapshotRecord.Tokens.fingerprintOffset)
  }

  /// The optional sections that this build does not know; refuses other unknown ones, which version 2 had none of.
  func unknownSections(version: UInt32) throws(KVCacheError) -> [UnknownSection] {
    guard version > 2 else { return [] }
    let sections: [ContainerSection]
    do throws(StorageError) {
      sections = try container.unknownOptionalSections(
        known: SnapshotRecord.sections + [SnapshotRecord.removed], planned: [:])
    } catch {
      throw KVCacheError(.file(path: error.path, offset: error.offset), error.description)
    }
    var unknown: [UnknownSection] = []
    for section in sections {
      let bytes = try withBytes(section.name, at: 0, count: Int(section.byteCount)) {
        $0.isEmpty ? AlignedBytes(byteCount: 0) : AlignedBytes(borrowing: $0, of: self)
      }
      unknown.append(UnknownSection(name: section.name, bytes: bytes))
    }
    return unknown
  }

  /// Refuses sections that are longer than what was read.
  func checkEnds(_ cursor: SnapshotCursor) throws(KVCacheError) {
    for (section, read) in [
      (SnapshotRecord.exact, cursor.exact), (SnapshotRecord.centers, cursor.centers),
      (SnapshotRecord.pages, cursor.pages),
    ] where byteCount(section) != read {
      throw malformed("\(byteCount(section)) bytes, of which its tokens need \(read)", in: section)
    }
  }
}
