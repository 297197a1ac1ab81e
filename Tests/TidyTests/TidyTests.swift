// Rules of CONTRIBUTING.md that a machine can hold: what each part of the source may contain.

import Foundation
import Testing

/// A file of the repository, line by line.
struct SourceFile: Sendable {
  /// The path from the repository's root.
  let path: String
  let lines: [Substring]

  /// The lines' numbers and text, with what follows `//` left out.
  var code: [(number: Int, text: Substring)] {
    lines.enumerated().map { index, line in
      (index + 1, line.range(of: "//").map { line[..<$0.lowerBound] } ?? line)
    }
  }

  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// All files below `directory` with one of the endings.
  static func all(below directory: String, endings: [String]) throws -> [SourceFile] {
    let base = root.appending(path: directory)
    let names = try FileManager.default.subpathsOfDirectory(atPath: base.path).sorted()
    return try names.filter { name in endings.contains { name.hasSuffix("." + $0) } }.map { name in
      let text = try String(contentsOf: base.appending(path: name), encoding: .utf8)
      return SourceFile(
        path: "\(directory)/\(name)",
        lines: text.split(separator: "\n", omittingEmptySubsequences: false))
    }
  }
}

@Suite struct TidyTests {
  let swift: [SourceFile]
  let c: [SourceFile]

  init() throws {
    swift =
      try SourceFile.all(below: "Sources", endings: ["swift"])
      + SourceFile.all(below: "Lab/Sources/TurboQuantLab", endings: ["swift"])
    c = try SourceFile.all(below: "Sources", endings: ["c", "h"])
    // A rule held over no files would hold whatever they say.
    try #require(swift.count > 50 && c.count > 5)
  }

  private func occurrences(
    of pattern: some RegexComponent, in files: [SourceFile], except allowed: [String] = []
  ) -> [String] {
    files.filter { file in !allowed.contains { file.path.hasPrefix($0) } }.flatMap { file in
      file.code.filter { $0.text.contains(pattern) }.map { "\(file.path):\($0.number): \($0.text)" }
    }
  }

  @Test("Unsafe code lies in the files that exist to contain it")
  func unsafeCode() {
    let allowed = [
      "Sources/TurboQuantKernels/", "Sources/TurboQuantStorage/Syscalls.swift",
      "Sources/TurboQuantStorage/Mapping.swift", "Sources/TurboQuantC/",
      "Sources/TurboQuantCLI/Output/Terminal.swift",
      "Sources/TurboQuantCLI/Commands/DemoData.swift", "Sources/TurboQuantCLI/System.swift",
      "Sources/TurboQuantCLI/Arguments/ProgramWords.swift",
    ]
    #expect(occurrences(of: /\bunsafe\b|\bUnsafe\w+/, in: swift, except: allowed) == [])
    for path in allowed { #expect(swift.contains { $0.path.hasPrefix(path) }, "\(path) is gone") }
  }

  @Test("One module imports Foundation, two the C library, and none hands on what it imports")
  func imports() {
    let foundation = "Sources/TurboQuantFoundation/"
    // FoundationEssentials and other parts of it too.
    #expect(occurrences(of: /\bimport\b.*\bFoundation/, in: swift, except: [foundation]) == [])
    #expect(swift.contains { $0.path.hasPrefix(foundation) }, "\(foundation) is gone")
    #expect(occurrences(of: /@_exported/, in: swift) == [])
    let system = [
      "Sources/TurboQuantStorage/Syscalls.swift", "Sources/TurboQuantCLI/Output/Terminal.swift",
      "Sources/TurboQuantCLI/System.swift",
    ]
    #expect(occurrences(of: /\bimport (Glibc|Musl|Darwin)/, in: swift, except: system) == [])
  }

  @Test("Whatever feeds stored bytes calls no function of libm")
  func arithmetic() {
    let mathematics = swift.filter {
      $0.path.hasPrefix("Sources/TurboQuant/") || $0.path.hasPrefix("Sources/TurboQuantKernels/")
    }
    // Members of Double that become calls in debug builds, and the C functions themselves.
    let member = /\.(squareRoot|rounded|formSquareRoot|addingProduct|truncatingRemainder)\(/
    let function = /(^|[^.\w])(sqrt|exp2?|log2?|log10|pow|sin|cos|tan|erf|fma|cbrt|tgamma)f?\(/
    let own = ["Sources/TurboQuant/Numerics/Portable.swift"]
    #expect(occurrences(of: member, in: mathematics) == [])
    #expect(occurrences(of: function, in: mathematics, except: own) == [])
    #expect(occurrences(of: /math\.h/, in: c) == [])
  }

  @Test("No trap in place of an error, and nothing left for later")
  func traps() {
    let files = swift + c
    #expect(occurrences(of: /\bfatalError\b|\btry!|\bas! |\bprint\(/, in: swift) == [])
    for file in files {
      for (index, line) in file.lines.enumerated() {
        #expect(!line.contains(/FIXME|TODO|XXX|HACK/), "\(file.path):\(index + 1)")
      }
    }
  }

  @Test("A function fits a screen: 70 lines")
  func functionLengths() {
    for file in swift {
      var start: (line: Int, indent: Int)?
      for (index, line) in file.lines.enumerated() {
        let indent = line.prefix { $0 == " " }.count
        if let begun = start, line.dropFirst(indent).hasPrefix("}"), indent == begun.indent {
          #expect(index - begun.line < 70, "\(file.path):\(begun.line + 1)")
          start = nil
        } else if start == nil,
          line.contains(/\b(func|init|deinit|subscript)\b.*[({]/)
        {
          start = line.hasSuffix(";") ? nil : (index, indent)
        }
      }
    }
  }

  @Test("A C function fits a screen too")
  func cFunctionLengths() {
    let functions = c.flatMap(cFunctions)
    // Three hundred and some stand in the kernels alone.
    #expect(functions.count > 300, "\(functions.count) functions found")
    for (file, lines) in functions {
      #expect(lines.count <= 70, "\(file.path):\(lines.lowerBound + 1)")
    }
  }

  /// The functions of a C file by their lines: what begins at the margin, has parentheses, and ends in a brace.
  private func cFunctions(_ file: SourceFile) -> [(file: SourceFile, lines: ClosedRange<Int>)] {
    var functions: [(file: SourceFile, lines: ClosedRange<Int>)] = []
    var head: (line: Int, text: String)?
    var isInside = false
    for (index, line) in file.lines.enumerated() {
      if !isInside {
        let isNothing = line.isEmpty || line.contains(/^(#|\/\/|\/?\*)/) || line.hasSuffix("\\")
        head = isNothing ? nil : (head?.line ?? index, (head?.text ?? "") + line)
        if line.hasSuffix(";") { head = nil }
      }
      guard let begun = head, begun.text.contains("{") else { continue }
      isInside = true
      // A body in one line, or one that is closed at the margin.
      guard line.hasPrefix("}") || index == begun.line && line.hasSuffix("}") else { continue }
      let isFunction =
        begun.text.prefix { $0 != "{" }.contains("(")
        && !begun.text.contains(/^(typedef|struct|enum|union)\b|=\s*\{/)
      if isFunction { functions.append((file, begun.line...index)) }
      (head, isInside) = (nil, false)
    }
    return functions
  }

  @Test("A public symbol has a short abstract, and what throws says when")
  func documentation() {
    let libraries = [
      "Sources/TurboQuant/", "Sources/TurboQuantFiles/", "Sources/TurboQuantIndex/",
      "Sources/TurboQuantKVCache/", "Sources/TurboQuantFoundation/",
    ]
    var count = 0
    for file in swift where libraries.contains(where: file.path.hasPrefix) {
      var comment: [Substring] = []
      for (index, line) in file.lines.enumerated() {
        let text = line.drop { $0 == " " }
        if text.hasPrefix("///") {
          comment.append(text.dropFirst(3).drop { $0 == " " })
        } else if !text.hasPrefix("@") {
          let isPublic = text.hasPrefix("public ") && !text.hasPrefix("public import")
          let place = "\(file.path):\(index + 1)"
          #expect(!isPublic || !comment.isEmpty, "\(place) has no documentation")
          if isPublic || text.hasPrefix("case "), !comment.isEmpty {
            count += 1
            let abstract = comment.prefix { !$0.isEmpty }.joined(separator: " ")
            #expect(abstract.count < 150 && abstract.hasSuffix("."), "\(place): \(abstract)")
            // The declaration, with its body up to a blank line or a comment of its own.
            let declaration = file.lines[index...].prefix {
              !$0.isEmpty && !$0.contains("///")
            }
            let throwsErrors = declaration.contains { $0.contains("throws") }
            let saysWhen = comment.contains { $0.hasPrefix("- Throws:") }
            #expect(throwsErrors == saysWhen, "\(place) throws, and does not say when")
          }
          comment = []
        }
      }
    }
    #expect(count > 200)
  }

  @Test("The package has no dependencies and no unsafe flags")
  func manifest() throws {
    let manifest = try String(
      contentsOf: SourceFile.root.appending(path: "Package.swift"), encoding: .utf8)
    #expect(!manifest.contains(".package(") && !manifest.contains("unsafeFlags"))
  }

  @Test("The README names every library product, and a manifest of a package that uses some")
  func products() throws {
    func text(_ name: String) throws -> String {
      try String(contentsOf: SourceFile.root.appending(path: name), encoding: .utf8)
    }
    let (manifest, readme) = try (text("Package.swift"), text("README.md"))
    let products = manifest.matches(of: /\.library\(name: "(\w+)"/).map(\.output.1)
    #expect(products.count >= 4)
    for product in products { #expect(readme.contains("| `\(product)` | ")) }
    let used = readme.matches(of: /\.product\(name: "(\w+)", package: "swift-turboquant"\)/)
    #expect(used.count == 2 && used.allSatisfy { products.contains($0.output.1) })
    #expect(readme.contains("// swift-tools-version: 6.3\n"))
    let platforms = try #require(manifest.firstMatch(of: /platforms: \[.*\]/)).output
    #expect(readme.contains(platforms))
  }

  @Test("On macOS the workflow runs the tests that .ci/run runs first, and it can only read")
  func workflow() throws {
    func lines(_ name: String) throws -> [Substring] {
      try String(contentsOf: SourceFile.root.appending(path: name), encoding: .utf8)
        .split(separator: "\n")
    }
    let workflow = try lines(".github/workflows/ci.yml")
    let first = try #require(lines(".ci/run").first { $0.hasPrefix("swift test --skip ") })
    #expect(workflow.contains { $0.hasSuffix("run: \(first)") })
    #expect(workflow.contains("  contents: read") && !workflow.contains { $0.contains(": write") })
    for line in workflow where line.contains("uses:") {
      #expect(line.contains(/@v\d+\.\d+\.\d+$/), "\(line) is not pinned to a version")
    }
  }

  @Test("Links of documents lead to files")
  func links() throws {
    let names = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"]
    let documents =
      try SourceFile.all(below: "Documentation", endings: ["md"])
      + SourceFile.all(below: "Benchmarks", endings: ["md"])
      + names.map { name in
        let text = try String(contentsOf: SourceFile.root.appending(path: name), encoding: .utf8)
        return SourceFile(path: name, lines: text.split(separator: "\n"))
      }
    var count = 0
    for document in documents {
      let folder = SourceFile.root.appending(path: document.path).deletingLastPathComponent()
      for line in document.lines {
        for link in line.matches(of: /\]\(([^)\s#:]+)(#[^)\s]*)?\)/).map(\.output.1) {
          count += 1
          #expect(
            FileManager.default.fileExists(atPath: folder.appending(path: String(link)).path),
            "\(document.path): \(link)")
        }
      }
    }
    #expect(count > 30, "\(count) links found")
  }
}
