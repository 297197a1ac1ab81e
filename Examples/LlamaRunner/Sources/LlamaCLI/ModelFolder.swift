import Foundation

/// Finds the model to run.
enum ModelFolder {
  private static let shipped = "Models/tiny-llama"

  /// The named folder or, without a name, the folder of the model beside the example.
  static func find(_ named: String?) throws -> URL {
    if let named {
      let folder = URL(filePath: named)
      guard isModel(folder) else {
        throw CommandError("\(named) holds no config.json; name the folder of a model.")
      }
      return folder
    }
    let package = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let current = URL(filePath: FileManager.default.currentDirectoryPath)
    let candidates = [
      package.appending(path: shipped), current.appending(path: shipped),
      current.appending(path: "Examples/LlamaRunner/\(shipped)"),
    ]
    guard let found = candidates.first(where: isModel) else {
      throw CommandError(
        "The small model is not at \(candidates[0].path); name a model's folder with --model.")
    }
    return found
  }

  private static func isModel(_ folder: URL) -> Bool {
    FileManager.default.fileExists(atPath: folder.appending(path: "config.json").path)
  }
}
