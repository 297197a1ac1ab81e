public import Foundation

/// The tensors of a model: one file, or several with an index.
public struct Checkpoint: Sendable {
  /// The file that holds each tensor.
  private let files: [String: Safetensors]
  /// What messages about missing tensors name.
  private let name: String

  /// Opens `model.safetensors`, or what `model.safetensors.index.json` lists, in a folder.
  ///
  /// Throws `CheckpointError` when neither is there or one is damaged.
  public init(folder: URL) throws {
    let index = folder.appending(path: "model.safetensors.index.json")
    if FileManager.default.fileExists(atPath: index.path) {
      try self.init(index: index, folder: folder)
    } else {
      self.init(try Safetensors(contentsOf: folder.appending(path: "model.safetensors")))
    }
  }

  private init(_ single: Safetensors) {
    name = single.file
    files = Dictionary(uniqueKeysWithValues: single.names.map { ($0, single) })
  }

  private init(index: URL, folder: URL) throws {
    struct Index: Decodable {
      let weight_map: [String: String]  // swift-format-ignore: AlwaysUseLowerCamelCase
    }
    let map = try JSONFile.decode(Index.self, from: index).weight_map
    var opened: [String: Safetensors] = [:]
    for part in Set(map.values).sorted() {
      guard !part.contains("/") && part != ".." else {
        throw CheckpointError(
          .damaged, index.path, "names the file \(part), expected one in the same folder")
      }
      opened[part] = try Safetensors(contentsOf: folder.appending(path: part))
    }
    name = index.path
    files = try map.reduce(into: [:]) { files, item in
      guard let part = opened[item.value], part.tensors[item.key] != nil else {
        throw CheckpointError(
          .tensor, index.path, "expects tensor \(item.key) in \(item.value), which has none")
      }
      files[item.key] = part
    }
  }

  /// The names of all tensors.
  public var names: some Collection<String> { files.keys }

  /// Reads a tensor as float32; throws `CheckpointError` unless there is one of this shape.
  public func floats(_ name: String, shape: [Int]) throws -> [Float] {
    guard let file = files[name] else {
      throw CheckpointError(
        .tensor, self.name, "has no tensor \(name), expected one of shape \(shape)")
    }
    return try file.floats(name, shape: shape)
  }
}
