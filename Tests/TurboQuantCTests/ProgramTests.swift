import Foundation
import Testing

@Suite("Programs in C, compiled and run under AddressSanitizer")
struct ProgramTests {
  @Test func example() throws {
    let lines = try CLibrary.run("Examples/C/search.c").split(separator: "\n")
    try #require(lines.count == 5)
    #expect(lines[1] == "1000 vectors of 1536 bytes became codes of 200 bytes")
    // Each row is nearest to itself, by far among random ones.
    #expect(lines[3].hasPrefix("nearest to row 0: 0 (1.000 ± "))
    #expect(lines[4].hasPrefix("nearest to row 1: 1 (1.000 ± "))
  }

  @Test func mistakesAreTold() throws {
    #expect(try CLibrary.run("Tests/CLibrary/misuse.c") == "all mistakes were told\n")
  }

  @Test("The command leaves a process as it was, and ends it as the program does")
  func command() throws {
    #expect(try CLibrary.run("Tests/CLibrary/command.c") == "the process is as it was\n")
  }

  @Test(
    "The command prints what the program prints",
    arguments: [
      ([], 0), (["help", "index", "build"], 0), (["theory", "--help"], 0),
      (["index", "serch", "x"], 2), (["inspect", "/no/such/file"], 1), (["verify", "a\u{1B}b"], 1),
    ] as [([String], Int32)])
  func sameOutput(words: [String], status: Int32) throws {
    let program = try CLibrary.built().deletingLastPathComponent().appending(path: "turboquant")
    let expected = try CLibrary.output([program.path] + words, status: status)
    #expect(
      try CLibrary.run("Tests/CLibrary/command.c", arguments: words, status: status) == expected)
  }
}
