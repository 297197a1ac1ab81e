import Foundation
import TestSupport
import Testing
import TurboQuantFiles

/// Golden files of every kind of codec, cut at every length and changed at every byte.
@Suite struct CodeFileDamageTests {
  private static func bytes(_ golden: GoldenFileTests.Golden) throws -> [UInt8] {
    let fixture = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Fixtures/\(golden.name).tqv")
    return Array(try Data(contentsOf: fixture))
  }

  /// Opens and checks a file as `verify` does; what it complains of.
  private func refusal(_ path: String) -> CodeFileError? {
    do throws(CodeFileError) {
      let file = try CodeFile(path)
      try file.verify()
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: GoldenFileTests.all)
  func everyPrefixIsRefused(_ golden: GoldenFileTests.Golden) throws {
    let scratch = try Scratch()
    let whole = try Self.bytes(golden)
    for count in whole.indices {
      let path = try scratch.write(Array(whole[..<count]), to: "x.tqv")
      let error = try #require(refusal(path), "the first \(count) bytes were accepted")
      #expect(error.kind == .container && error.path == path)
      let offset = try #require(error.offset, "\(error)")
      #expect(offset <= count)
    }
  }

  // A change among the rows shows only once the codec is built, which a debug build takes long for.
  #if DEBUG
    private static let stride = 29
  #else
    private static let stride = 1
  #endif

  @Test(arguments: GoldenFileTests.all, [0x01, 0x80, 0xFF] as [UInt8])
  func everyChangedByteIsRefused(_ golden: GoldenFileTests.Golden, mask: UInt8) throws {
    let scratch = try Scratch()
    var bytes = try Self.bytes(golden)
    for index in Swift.stride(from: Int(mask) % Self.stride, to: bytes.count, by: Self.stride) {
      bytes[index] ^= mask
      let path = try scratch.write(bytes, to: "x.tqv")
      bytes[index] ^= mask
      let error = try #require(refusal(path), "byte \(index) was changed and nobody noticed")
      #expect(error.kind == .container && error.path == path)
      // What is named is the part that was checked, which begins at or before the change.
      let offset = try #require(error.offset, "\(error)")
      #expect(offset <= index, "byte \(index): \(error)")
    }
  }
}
