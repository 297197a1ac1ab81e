import Foundation
import Testing

@testable import Llama

@Suite struct SafetensorsTests {
  static let body = Data((0..<24).map { UInt8($0) })
  static let header =
    #"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"#
    + #""b":{"dtype":"F16","shape":[4],"data_offsets":[16,24]}}"#

  static func file(_ header: String, _ body: Data = body, length: UInt64? = nil) -> Data {
    let length = length ?? UInt64(header.utf8.count)
    let prefix = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
    return Data(prefix) + Data(header.utf8) + body
  }

  @Test("Tensors are read by name and shape")
  func reads() throws {
    let tensors = try Safetensors(Self.file(Self.header), file: "t")
    #expect(Set(tensors.names) == ["a", "b"])
    #expect(try tensors.floats("a", shape: [2, 2])[0] == Float(bitPattern: 0x0302_0100))
    #expect(try tensors.floats("b", shape: [4])[3] == FloatType.float(0x1716))
    #expect(throws: CheckpointError.self) { try tensors.floats("c", shape: [4]) }
    let error = #expect(throws: CheckpointError.self) { try tensors.floats("b", shape: [2, 2]) }
    #expect(error?.description == "t: tensor b has shape [4], expected [2, 2]")
  }

  @Test("Every truncation is refused")
  func truncations() {
    let whole = Self.file(Self.header)
    for length in 0..<whole.count {
      #expect(throws: CheckpointError.self, "\(length) bytes") {
        try Safetensors(whole.prefix(length), file: "t")
      }
    }
    #expect(throws: CheckpointError.self) { try Safetensors(whole + [0], file: "t") }
  }

  @Test("Truncations of the shipped model are refused")
  func shippedTruncations() throws {
    let whole = try Data(contentsOf: Shipped.folder.appending(path: "model.safetensors"))
    let header = 8 + Int(whole[0]) + Int(whole[1]) << 8
    for length in Array(0...header) + [header + 1, whole.count / 2, whole.count - 1] {
      #expect(throws: CheckpointError.self, "\(length) bytes") {
        try Safetensors(whole.prefix(length), file: "t")
      }
    }
  }

  @Test("A changed byte is refused or read, and never traps")
  func changedBytes() {
    let whole = Self.file(Self.header)
    var refused = 0
    defer { #expect(refused > 500) }
    for index in 0..<whole.count - Self.body.count {
      for value in [0, 0x22, 0x2d, 0x39, 0x7b, 0xff] as [UInt8] {
        var changed = whole
        changed[index] = value
        do {
          let tensors = try Safetensors(changed, file: "t")
          for name in tensors.names { _ = try tensors.floats(name, shape: [2, 2]) }
        } catch {
          refused += 1
          #expect(error is CheckpointError)
        }
      }
    }
  }

  static let damage: [(String, String, String)] = [
    ("[0,16]", "[0,12]", "expected 16 bytes"),
    ("[0,16]", "[16,0]", "a start and an end"),
    ("[0,16]", "[-16,0]", "a start and an end"),
    ("[0,16]", "[0]", "a start and an end"),
    ("[0,16]", "[4,20]", "starts at byte"),
    ("[16,24]", "[8,16]", "starts at byte"),
    ("[16,24]", "[24,32]", "starts at byte 24, expected 16"),
    ("[2,2]", "[2,-2]", "extents"),
    ("[2,2]", "[9223372036854775807,4]", "extents"),
    ("[2,2]", "[9223372036854775808,4]", "a.shape, expected a list"),
    ("[2,2]", "[2.5,2]", "a.shape, expected a list"),
    ("\"F32\"", "\"F31\"", "F31"),
    ("\"F32\"", "\"F4\"", "F4"),
    ("\"F32\"", "32", "has 32 for a.dtype"),
    ("\"shape\":[2,2],", "", "has no a.shape"),
    ("\"b\":", "\"c\" ", "expected :"),
    ("\"b\":", "\"a\":", "\"a\" is there twice"),
    ("\"b\":", "\"\\u0061\":", "\"a\" is there twice"),
    ("\"shape\":[2,2]", "\"shape\":[2,2],\"shape\":[4]", "\"shape\" is there twice"),
    ("\"pt\"", "7", "has 7 for __metadata__.format, expected a string"),
    ("{\"format\":\"pt\"}", "[]", "has [] for __metadata__"),
  ]

  @Test("Each kind of damage is named", arguments: damage)
  func damaged(found: String, replacement: String, reason: String) throws {
    try #require(Self.header.contains(found))
    let changed = Self.file(Self.header.replacing(found, with: replacement))
    let error = #expect(throws: CheckpointError.self) { try Safetensors(changed, file: "t") }
    #expect(error?.kind == .damaged)
    #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
  }

  @Test("A field that the format does not have is refused")
  func unknownField() {
    let header = Self.header.replacing("\"F16\"", with: "\"F16\",\"scale\":2")
    let error = #expect(throws: CheckpointError.self) {
      try Safetensors(Self.file(header), file: "t")
    }
    #expect(error?.reason.contains("b.scale 2") == true)
  }

  @Test("Metadata may have the names of fields")
  func metadataNames() throws {
    let header = Self.header.replacing(
      #"{"format":"pt"}"#, with: #"{"shape":"[4]","dtype":"F32","data_offsets":"none"}"#)
    let tensors = try Safetensors(Self.file(header), file: "t")
    #expect(Set(tensors.names) == ["a", "b"])
  }

  @Test("Names that Swift's strings take for one are two tensors")
  func canonicallyEqualNames() throws {
    let header =
      "{\"\u{e9}\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
      + "\"e\u{301}\":{\"dtype\":\"F32\",\"shape\":[5],\"data_offsets\":[4,24]}}"
    let tensors = try Safetensors(Self.file(header), file: "t")
    #expect(tensors.tensors.count == 2)
    #expect(try tensors.floats("e\u{301}", shape: [5]).count == 5)
    #expect(throws: CheckpointError.self) { try tensors.floats("\u{e9}", shape: [5]) }
  }

  @Test(
    "A number that is not finite is refused, with its place", arguments: [0x7e00, 0x7c00, 0xfc00])
  func notFinite(bits: Int) throws {
    let body = Self.body.prefix(18) + Data([UInt8(bits & 0xff), UInt8(bits >> 8), 0, 0, 0, 0])
    let tensors = try Safetensors(Self.file(Self.header, body), file: "t")
    let error = #expect(throws: CheckpointError.self) { try tensors.floats("b", shape: [4]) }
    #expect(error?.reason.contains("tensor b of shape [4] has") == true)
    #expect(error?.reason.contains("as element 1") == true)
  }

  @Test(
    "What is no regular file is refused at once", arguments: ["/dev/zero", "/dev/null", "/tmp"])
  func notAFile(path: String) {
    let error = #expect(throws: CheckpointError.self) {
      try Safetensors(contentsOf: URL(filePath: path))
    }
    #expect(error?.kind == .unreadable)
    #expect(throws: CheckpointError.self) {
      try LlamaConfiguration(contentsOf: URL(filePath: path))
    }
    #expect(throws: CheckpointError.self) { try Tokenizer(contentsOf: URL(filePath: path)) }
  }

  @Test(
    "Lengths of headers that no file has are refused", arguments: [0, 1, 10_000, .max, 1 << 63])
  func headerLengths(length: UInt64) {
    #expect(throws: CheckpointError.self) {
      try Safetensors(Self.file(Self.header, length: length), file: "t")
    }
  }

  @Test("Deeply nested headers are refused")
  func nested() {
    let header = String(repeating: "[", count: 100_000)
    #expect(throws: CheckpointError.self) { try Safetensors(Self.file(header), file: "t") }
    let object = String(repeating: "{\"a\":", count: 100_000)
    let error = #expect(throws: CheckpointError.self) {
      try Safetensors(Self.file(object), file: "t")
    }
    #expect(error?.reason.contains("at most 64 levels") == true)
  }

  #if !(os(macOS) && arch(x86_64))
    @Test("Every float16 widens to its value")
    func halves() {
      for bits in UInt16.min...UInt16.max {
        let expected = Float(Float16(bitPattern: bits))
        let found = FloatType.float(bits)
        #expect(found == expected || (found.isNaN && expected.isNaN))
        #expect(found.sign == expected.sign)
      }
    }
  #endif

  @Test("Bfloat16 widens to its value")
  func bfloat16() {
    #expect(FloatType.bfloat16.widen(Data([0x80, 0x3f, 0x00, 0xc0])) == [1, -2])
  }
}
