import Foundation

/// Why a store could not be opened or changed.
public enum StoreError: LocalizedError, Hashable {
  /// A line of a file of documents that is not `id: text`.
  case badLine(file: String, number: Int)
  /// There is no store in the folder.
  case noStore(URL)
  /// A store that is there already.
  case exists(URL)
  /// `documents.json` is not what a store writes.
  case damaged(URL, reason: String)
  /// Index and documents do not belong together.
  case disagreement(URL, withoutDocument: Int, withoutRow: Int)
  /// The store was made with another embedder, whose vectors cannot be compared.
  case otherEmbedder(found: String, expected: String)
  /// Another process has saved since the store was opened.
  case changedMeanwhile(URL)

  /// What is wrong and what to do, for `localizedDescription`.
  public var errorDescription: String? {
    switch self {
    case .badLine(let file, let number): "\(file), line \(number): expected “id: text”"
    case .noStore(let folder): "\(folder.relativePath): there is no store; add documents first"
    case .exists(let folder): "\(folder.relativePath): there is a store already"
    case .damaged(let file, let reason):
      "\(file.relativePath): damaged: \(reason); restore the folder, or add the documents again"
    case .disagreement(let folder, let withoutDocument, let withoutRow):
      "\(folder.relativePath): \(withoutDocument) rows of the index have no document, and \(withoutRow) documents no "
        + "row; restore the whole folder, or add the documents again"
    case .otherEmbedder(let found, let expected):
      "the embedder is “\(found)”, but the store was made with “\(expected)”"
    case .changedMeanwhile(let folder):
      "\(folder.relativePath): another process has changed it; open it again and repeat the change"
    }
  }
}
