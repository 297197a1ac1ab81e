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
}
