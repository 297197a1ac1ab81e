internal import Foundation

/// Files in JSON, with errors that say which file and which key.
enum JSONFile {
  static func decode<Value: Decodable>(_ type: Value.Type, from url: URL) throws -> Value {
    guard let data = try? Data(contentsOf: url) else {
      throw CheckpointError(.unreadable, url.path, "cannot be read")
    }
    return try decode(type, from: data, file: url.path)
  }

  static func decode<Value: Decodable>(
    _ type: Value.Type, from data: Data, file: String
  ) throws -> Value {
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch DecodingError.keyNotFound(let key, let context) {
      throw CheckpointError(.damaged, file, "has no \(path(context, key)), which is needed")
    } catch DecodingError.typeMismatch(_, let context) {
      throw CheckpointError(.damaged, file, "has another type of value for \(path(context))")
    } catch DecodingError.valueNotFound(_, let context) {
      throw CheckpointError(.damaged, file, "has null for \(path(context)), expected a value")
    } catch let error as CheckpointError {
      throw error
    } catch {
      throw CheckpointError(.damaged, file, "is not JSON")
    }
  }

  private static func path(_ context: DecodingError.Context, _ key: (any CodingKey)? = nil)
    -> String
  {
    let keys = context.codingPath + (key.map { [$0] } ?? [])
    return keys.isEmpty ? "the whole" : keys.map(\.stringValue).joined(separator: ".")
  }
}
