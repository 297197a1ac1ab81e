import Foundation
import TestSupport
import Testing
import TurboQuantKernels
import TurboQuantStorage

@Suite struct DamageTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func everyPrefixIsRefused() throws {
    for count in 0..<goldenContainer.count {
      let path = try scratch.write(Array(goldenContainer[..<count]))
      let error = failure { () throws(StorageError) in _ = try readContainer(path) }
      #expect(error?.offset != nil)
      let inMemory = failure { () throws(StorageError) in
        let bytes = Array(goldenContainer[..<count])
        _ = try ContainerReader(copying: bytes.span.raw, named: path)
      }
      #expect(inMemory == error)
      switch error?.kind {
      case .empty: #expect(count == 0)
      case .truncated(let expected, let found):
        #expect(count > 0 && found == UInt64(count))
        #expect(expected == (count < 64 ? 64 : UInt64(goldenContainer.count)))
      default: Issue.record("\(count) bytes: \(String(describing: error))")
      }
    }
  }

  @Test(arguments: [0x01, 0x80, 0xFF] as [UInt8])
  func everyFlippedByteIsRefused(mask: UInt8) throws {
    for index in goldenContainer.indices {
      var bytes = goldenContainer
      bytes[index] ^= mask
      let path = try scratch.write(bytes)
      let error = failure { () throws(StorageError) in _ = try readContainer(path) }
      let offset = try #require(error?.offset)
      #expect(error?.path == path)
      #expect(offset <= UInt64(index), "byte \(index): \(String(describing: error))")
      let inMemory = failure { () throws(StorageError) in
        try ContainerReader(copying: bytes.span.raw, named: path, kind: "VECS").verify()
      }
      #expect(inMemory == error)
    }
  }

  @Test func everyFlippedByteOfDataIsSeenWithoutVerify() throws {
    for index in 320..<390 {
      var bytes = goldenContainer
      bytes[index] ^= 4
      let reader = try ContainerReader(scratch.write(bytes))
      _ = try reader.bytes(of: "codec").byteCount
      let error = #expect(throws: StorageError.self) {
        _ = try reader.bytes(of: "codes", 0..<1).byteCount
      }
      #expect(error?.kind == .checksumMismatch(region: "chunk 0 of section \"codes\""))
      #expect(error?.offset == 320)
    }
  }

  /// Changes the golden container, then makes its checksums right again.
  func forged(_ change: (inout [UInt8]) -> Void) throws -> StorageError? {
    var bytes = goldenContainer
    change(&bytes)
    put(crc32c(bytes.span.raw.extracting(64..<256)), at: 28, in: &bytes)
    put(crc32c(bytes.span.raw.extracting(0..<60)), at: 60, in: &bytes)
    let path = try scratch.write(bytes)
    return failure { () throws(StorageError) in _ = try readContainer(path) }
  }

  func put(_ value: some FixedWidthInteger, at offset: Int, in bytes: inout [UInt8]) {
    for index in 0..<value.bitWidth / 8 {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
    }
  }

  @Test(arguments: [577, 1 << 60, .max] as [UInt64])
  func claimedFileLengthIsHeldAgainstTheFile(claim: UInt64) throws {
    let error = try forged { put(claim, at: 16, in: &$0) }
    #expect(error?.kind == .truncated(expected: claim, found: 576))
  }

  @Test func trailingBytesAreRefused() throws {
    let error = try forged { $0.append(0) }
    #expect(error?.kind == .trailingBytes(expected: 576, found: 577))
    #expect(error?.offset == 576)
  }

  @Test func newerVersionsAreNamed() throws {
    #expect(try forged { put(UInt32(3), at: 8, in: &$0) }?.kind == .newerVersion(3))
    #expect(try forged { put(UInt32(0), at: 8, in: &$0) }?.kind == .malformed(reason: "version 0"))
  }

  /// Version 1 has no flags, version 2 one.
  @Test(arguments: [(1, 1), (2, 2), (2, 1 << 31)] as [(UInt32, UInt32)])
  func unknownFlagsAreRefused(version: UInt32, flags: UInt32) throws {
    let error = try forged {
      put(version, at: 8, in: &$0)
      put(flags, at: 112, in: &$0)
    }
    #expect(
      error?.kind == .malformed(reason: "section \"codec\" has the unknown flags \(flags)"))
    #expect(error?.offset == 112)
  }

  @Test func otherKindsAreNamed() throws {
    let error = try forged { $0.replaceSubrange(12..<16, with: "INDX".utf8) }
    #expect(error?.kind == .wrongKind(found: "INDX", expected: "VECS"))
  }

  /// Changes at these bytes, though every checksum matches, and the byte the error must name.
  @Test(
    arguments: [
      (12, 0x00, 12),  // kind not ASCII
      (40, 0x01, 40),  // reserved byte of the header
      (24, 0x41, 24),  // 65 sections
      (24, 0x09, 24),  // a table beyond the file's end
      (64, 0x00, 64),  // a name without letters
      (70, 0x41, 64),  // a letter after the name's end
      (84, 0x80, 80),  // an offset moved far away
      (80, 0x40, 80),  // an offset inside the table
      (89, 0x03, 88),  // a size beyond the file's end, the checksum count the same
      (95, 0x80, 104),  // a size of 2^63, for which there are too few checksums
      (104, 0x02, 104),  // one checksum too many
      (112, 0x01, 112),  // reserved byte of the table
      (100, 0x01, 96),  // checksums far away
      (266, 0x01, 266),  // padding after a section
      (452, 0x01, 452),  // padding after checksums
      (575, 0x01, 575),  // the last byte
    ])
  func brokenRulesAreRefused(at index: Int, value: UInt8, named offset: UInt64) throws {
    let error = try forged { $0[index] = value }
    guard case .malformed = error?.kind else {
      Issue.record("byte \(index): \(String(describing: error))")
      return
    }
    #expect(error?.offset == offset)
  }

  @Test func equalNamesAreRefused() throws {
    let error = try forged { $0.replaceSubrange(192..<208, with: $0[64..<80]) }
    #expect(error?.kind == .malformed(reason: "two sections named \"codec\""))
  }

  @Test func otherFilesAreRefusedInOneLineEach() throws {
    let text = try scratch.write(Array("{\"a\": 1}\n".utf8), to: "text")
    let empty = try scratch.write([], to: "empty")
    let expected = [
      text: "\(text): not a TurboQuant container (first bytes are 7b 22 61 22 3a 20 31 7d, "
        + "expected 89 54 51 0d 0a 1a 0a 00) (at byte 0) — is it the right file?",
      empty: "\(empty): is empty (0 bytes), expected a TurboQuant container (at byte 0) — "
        + "was it copied or written completely?",
      scratch.path: "\(scratch.path): is a directory, expected a file — name a file inside it",
      "/dev/null": "/dev/null: is a pipe, socket or device, expected a regular file",
      scratch.file("no"): "\(scratch.file("no")): open failed: No such file or directory "
        + "(error 2) — check the path and that its folder exists",
    ]
    for (path, message) in expected {
      let error = failure { () throws(StorageError) in _ = try readContainer(path) }
      #expect(error?.description == message)
    }
  }

  @Test func descriptionsAreOneLine() {
    let kinds: [StorageError.Kind] = [
      .system(call: .mmap, code: 12), .isDirectory, .notRegularFile, .empty,
      .truncated(expected: 2, found: 1), .trailingBytes(expected: 1, found: 2),
      .wrongMagic(found: [0x0A]), .newerVersion(9), .wrongKind(found: "A", expected: "B"),
      .headerDamaged, .checksumMismatch(region: "r"), .malformed(reason: "m"),
      .missingSection(name: "a\nb"), .unreadSection(name: "a\nb", content: "c"),
      .misuse(reason: "a\nb"),
    ]
    for kind in kinds {
      let text = StorageError(kind, path: "a\nb\u{1B}[0m", offset: 7).description
      #expect(text.hasPrefix("a\\nb\\u{1B}[0m: "))
      #expect(!text.unicodeScalars.contains { $0.properties.generalCategory == .control })
      #expect(text.contains(" (at byte 7)"))
    }
  }
}
