import Foundation
import Llama

/// The windows of a text that a command reads.
struct TextWindows {
  let windows: [[Int]]
  /// The tokens of each window.
  let length: Int

  /// Cuts the text of a file into at most `wanted` windows, and says so where `named` ones are not there.
  init(_ file: URL, folder: URL, model: LlamaModel, wanted: Int, named: Bool) throws {
    let text = try Self.read(file)
    let tokenizer = try Tokenizer(contentsOf: folder.appending(path: "tokenizer.json"))
    length = min(Windows.longest, model.configuration.contextLength)
    guard length > 1 else { throw UsageError("The model's windows have \(length) tokens.") }
    windows = Array(Windows.cut(text, tokenizer: tokenizer, length: length).prefix(wanted))
    guard !windows.isEmpty else {
      throw CommandError(
        "The text is shorter than one window of \(length) tokens; give a longer one with --text.")
    }
    if named && windows.count < wanted {
      Terminal.printError("The text has \(windows.count) windows, not \(wanted).")
    }
  }

  private static func read(_ file: URL) throws -> String {
    guard let data = try? Data(contentsOf: file) else {
      throw CommandError("\(file.path) cannot be read; name a text with --text.")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw CommandError("\(file.path) is not UTF-8; convert it first.")
    }
    return text
  }
}
