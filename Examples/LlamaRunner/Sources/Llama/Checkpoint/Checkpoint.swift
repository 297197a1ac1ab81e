public import Foundation

/// The tensors of a model: one file, or several with an index.
public struct Checkpoint: Sendable {
  /// The file that holds each tensor.
  private let files: [ExactText: Safetensors]
  /// The name that messages about missing tensors use.
  private let name: String

  /// Opens `model.safetensors` in a folder or, without it, the files that
  /// `model.safetensors.index.json` lists.
  ///
  /// Throws `CheckpointError` when neither exists or one is damaged.
  public init(folder: URL) throws {
    let single = folder.appending(path: "model.safetensors")
    let index = folder.appending(path: "model.safetensors.index.json")
    if FileManager.default.fileExists(atPath: index.path),
      !FileManager.default.fileExists(atPath: single.path)
    {
      try self.init(index: index, folder: folder)
    } else {
      self.init(try Safetensors(contentsOf: single))
    }
  }

  private init(_ single: Safetensors) {
    name = single.file
    files = single.tensors.mapValues { _ in single }
  }

  private init(index: URL, folder: URL) throws {
    var list = try JSONObject(contentsOf: index)
    let map = try list.object("weight_map")
    try list.refuseUnread(harmless: ["metadata"])
    var (opened, files): ([ExactText: Safetensors], [ExactText: Safetensors]) = ([:], [:])
    for entry in map?.entries ?? [] {
      guard let part = ExactText(entry.value), !part.utf8.isEmpty, part != ".", part != "..",
        !part.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 })
      else {
        throw CheckpointError(
          .damaged, index.path,
          "names the file \(entry.value) for tensor \(entry.name), expected one in its folder")
      }
      if opened[part] == nil {
        opened[part] = try Safetensors(contentsOf: folder.appending(path: "\(part)"))
      }
      guard let file = opened[part], file.tensors[entry.name] != nil else {
        throw CheckpointError(
          .tensor, index.path, "expects tensor \(entry.name) in \(part), which has none")
      }
      files[entry.name] = file
    }
    for (part, file) in opened {
      for tensor in file.tensors.keys where files[tensor]?.file != file.file {
        throw CheckpointError(
          .tensor, index.path, "does not list tensor \(tensor) for \(part), which holds it")
      }
    }
    (name, self.files) = (index.path, files)
  }

  /// The names of all tensors.
  public var names: some Collection<String> { files.keys.lazy.map(\.description) }

  /// Reads a tensor as float32.
  ///
  /// Throws `CheckpointError` unless the tensor exists, has this shape and consists of finite floats.
  public func floats(_ name: String, shape: [Int]) throws -> [Float] {
    try file(name, shape).floats(name, shape: shape)
  }

  /// Checks that there is such a tensor, without reading it.
  func check(_ name: String, shape: [Int]) throws {
    try file(name, shape).check(name, shape: shape)
  }

  private func file(_ name: String, _ shape: [Int]) throws -> Safetensors {
    guard let file = files[ExactText(name)] else {
      throw CheckpointError(
        .tensor, self.name, "has no tensor \(name), expected one of shape \(shape)")
    }
    return file
  }

  /// Checks that there are no tensors other than the known ones.
  func checkNothingBut(_ known: Set<ExactText>, folder: String) throws {
    guard let name = files.keys.filter({ !known.contains($0) }).min() else { return }
    throw CheckpointError(
      .unsupported, folder,
      "has a tensor \(name) that a model of this configuration does not have")
  }
}
