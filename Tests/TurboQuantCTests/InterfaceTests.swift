import CTurboQuant
import Foundation
import Testing
import TurboQuantC

@Suite("The binary interface is that of Sources/CTurboQuant/abi.txt")
struct InterfaceTests {
  /// The declarations of turboquant.h without comments, one per line.
  static func declarations() throws -> [String] {
    var text = try String(contentsOf: CLibrary.header, encoding: .utf8)
    text.replace(/\/\*[\s\S]*?\*\//, with: "")
    text.replace(/#ifdef __cplusplus[\s\S]*?#endif/, with: "")
    text.replace(/(?m)^#.*$/, with: "")
    var (declarations, current, depth) = ([String](), "", 0)
    for character in text {
      switch character {
      case "{": depth += 1
      case "}": depth -= 1
      default: break
      }
      current.append(character)
      guard character == ";", depth == 0 else { continue }
      declarations.append(
        current.split(whereSeparator: \.isWhitespace).joined(separator: " ")
          .replacing("( ", with: "(").replacing(" )", with: ")"))
      current = ""
    }
    return declarations
  }

  static func functions() throws -> [String] {
    try declarations().filter { !$0.hasPrefix("typedef") }.compactMap {
      $0.firstMatch(of: /\b(tq_\w+)\(/).map { String($0.output.1) }
    }
  }

  @Test func headerDeclaresWhatTheListHas() throws {
    let list = try String(
      contentsOf: CLibrary.root.appending(path: "Sources/CTurboQuant/abi.txt"), encoding: .utf8)
    let declared = try Self.declarations()
    // What was declared in a release must stay; what is new is added to the list.
    #expect(declared.joined(separator: "\n") + "\n" == list)
    #expect(declared.count > 40)
  }

  @Test func versionIsThatOfTheCommandLine() throws {
    let program = try String(
      contentsOf: CLibrary.root.appending(path: "Sources/TurboQuantCLI/Program.swift"),
      encoding: .utf8)
    let version = try #require(program.firstMatch(of: /let version = "(.+)"/)).output.1
    let own = unsafe String(cString: tq_version())
    #expect(own == version)
  }

  @Test func libraryHasEveryFunction() throws {
    let library = try unsafe #require(unsafe dlopen(CLibrary.built().path, RTLD_NOW | RTLD_LOCAL))
    let functions = try Self.functions()
    #expect(functions.count > 15)
    for function in functions {
      let address = unsafe dlsym(library, function)
      #expect(unsafe address != nil, "\(function)")
    }
  }

  @Test(arguments: [
    ("CODEC", "TurboQuant/Codec/CodecError+Code.swift"),
    ("INDEX", "TurboQuantIndex/IndexError+Code.swift"),
    ("CACHE", "TurboQuantKVCache/KVCacheError+Code.swift"),
  ])
  func errorsHaveTheNumbersOfSwift(prefix: String, file: String) throws {
    let source = try String(
      contentsOf: CLibrary.root.appending(path: "Sources/\(file)"), encoding: .utf8)
    // .duplicateID: 403 becomes TQ_INDEX_DUPLICATE_ID = 403.
    let swift = source.matches(of: /case \.(\w+): (\d+)/).map { match in
      let words = match.output.1.replacing(/[a-z0-9](?=[A-Z])/) { "\($0.output)_" }
      return "TQ_\(prefix)_\(words.uppercased()) = \(match.output.2)"
    }
    #expect(swift.count >= 8)
    let header = try Self.declarations().joined()
    let names = header.matches(of: try Regex("TQ_\(prefix)_\\w+ = \\d{3}")).map {
      String(header[$0.range])
    }
    #expect(Set(names) == Set(swift) && names.count == swift.count)
  }
}
