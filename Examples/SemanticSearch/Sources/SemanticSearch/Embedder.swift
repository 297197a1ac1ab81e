import Foundation

/// Turns texts into vectors that are near each other where the texts mean something similar.
///
/// Here an app calls its model: Core ML, MLX, a server. This example has two that need none.
public protocol Embedder: Sendable {
  /// Names the model. Vectors of different models cannot be compared, so a store keeps the name of its embedder.
  var name: String { get }
  /// The number of coordinates of each vector.
  var dimension: Int { get }
  /// The vectors of some texts, one after another.
  func embed(_ texts: [String]) async throws -> [Float]
}

/// What an embedder cannot embed.
public struct EmbeddingError: LocalizedError {
  /// What is wrong.
  public let errorDescription: String?

  init(_ description: String) { errorDescription = description }
}
