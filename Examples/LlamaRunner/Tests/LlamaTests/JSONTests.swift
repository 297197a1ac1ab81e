import Foundation
import Testing

@testable import Llama

@Suite struct JSONTests {
  static func parse(_ text: String) throws -> JSONValue { try JSONParser.parse(Array(text.utf8)) }

  @Test(
    "Values are read",
    arguments: [
      ("null", .null), (" true\n", .bool(true)), ("-0.5e+10", .number("-0.5e+10")),
      ("18446744073709551616", .number("18446744073709551616")), ("[]", .array([])),
      ("[1, [] ,{}]", .array([.number("1"), .array([]), .object([])])),
      (#""\u00e9\n\ud83d\ude00/\/""#, "é\n😀//"),
      (
        #"{"a":{"a":0}}"#,
        .object([.init(name: "a", value: .object([.init(name: "a", value: .number("0"))]))])
      ),
    ] as [(String, JSONValue)])
  func reads(text: String, value: JSONValue) throws {
    #expect(try Self.parse(text) == value)
  }

  @Test(
    "What is not JSON is refused at its place",
    arguments: [
      ("", 0, "a value"), ("nul", 0, "null"), ("01", 1, "the end"), ("1 2", 2, "the end"),
      ("[1,]", 3, "a value"), ("{\"a\":1,}", 7, "a name"), ("{\"a\" 1}", 5, ":"),
      ("\"a", 2, "the end of a string"), ("\"\u{1}\"", 1, "control character"),
      (#""\x""#, 2, "an escape"), (#""\ud800""#, 7, "surrogates"),
      (#""\ud800\u0041""#, 13, "surrogate"), (#""\u12g4""#, 5, "hexadecimal"),
      ("1.", 2, "a digit"), ("1e", 2, "a digit"), ("NaN", 0, "a value"),
      ("\u{feff}1", 0, "a value"),
      (#"{"a":1,"b":2,"a":3}"#, 13, "\"a\" is there twice"),
      (#"{"a":1,"\u0061":3}"#, 7, "twice"), (#"[{"x":{"a":1,"a":1}}]"#, 13, "twice"),
      (String(repeating: "[", count: 100_000), 64, "levels"),
      (String(repeating: #"{"a":"#, count: 100_000), 320, "levels"),
    ])
  func refuses(text: String, offset: Int, reason: String) {
    let error = #expect(throws: JSONParser.Failure.self) { try Self.parse(text) }
    #expect(error?.offset == offset, "\(error?.reason ?? "")")
    #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
  }

  @Test(
    "Bytes that are no UTF-8 are refused", arguments: [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80]])
  func notUTF8(bytes: [UInt8]) {
    #expect(throws: JSONParser.Failure.self) { try JSONParser.parse([0x22] + bytes + [0x22]) }
  }

  @Test("Names that Swift's strings take for one are two")
  func canonicallyEqualNames() throws {
    let text = "{\"\u{e9}\": 1, \"e\u{301}\": 2, \"K\": 3, \"\u{212a}\": 4}"
    var object = try JSONObject(Data(text.utf8), file: "t")
    #expect("\u{e9}" == "e\u{301}")
    for (name, value) in zip(["\u{e9}", "e\u{301}", "K", "\u{212a}"], 1...) {
      #expect(try object.required(ExactText(name), as: Int.self) == value)
    }
  }

  @Test("Every truncation of a file is refused")
  func truncations() throws {
    let whole = try Data(contentsOf: Shipped.folder.appending(path: "config.json"))
    _ = try JSONParser.parse(Array(whole))
    for length in 0..<(whole.lastIndex(of: UInt8(ascii: "}")) ?? 0) {
      #expect(throws: JSONParser.Failure.self, "\(length) bytes") {
        try JSONParser.parse(Array(whole.prefix(length)))
      }
    }
  }
}
