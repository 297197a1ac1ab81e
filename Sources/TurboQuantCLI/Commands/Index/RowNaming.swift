internal import TurboQuantIndex

/// What rows that are added to an index are known by.
enum RowNaming: Sendable {
  /// Ids that the index gives.
  case assigned
  /// Ids of the caller's.
  case ids(IDList)
  /// Tags of the caller's, beside ids that the index gives.
  case tags(TagList)

  /// What the rows' tags are, or nil where they have none.
  var tagKind: TagKind? { if case .tags = self { .text } else { nil } }

  /// Refuses more or fewer names than `count` rows of `path`.
  func require(count: Int, rowsOf path: String) throws {
    switch self {
    case .assigned: break
    case .ids(let list): try list.require(count: count, rowsOf: path)
    case .tags(let list): try list.require(count: count, rowsOf: path)
    }
  }

  /// Refuses a name that is there twice.
  func requireDistinct() throws {
    switch self {
    case .assigned: break
    case .ids(let list): try list.requireDistinct()
    case .tags(let list): try list.requireDistinct()
    }
  }

  /// Refuses rows with tags for an index without, and the other way round.
  func requireKind(of index: VectorIndex, _ path: String) throws {
    switch (self, index.tagKind) {
    case (.assigned, nil), (.ids, nil), (.tags, .some): break
    case (.assigned, .some):
      throw CommandFailure(
        "\(path): its rows have tags — give one for each vector with --tags FILE")
    case (.ids, .some):
      throw CommandFailure(
        "\(path): its rows have tags, and it gives them ids itself — give --tags in place of --ids")
    case (.tags, nil):
      throw CommandFailure(
        "\(path): its rows have no tags — leave --tags out, or build the index with --tags")
    }
  }

  /// Where the name of row `row` stands, or nil if it was not given one.
  func place(_ row: Int) -> String? {
    switch self {
    case .assigned: nil
    case .ids(let list): list.place(row)
    case .tags(let list): list.place(row)
    }
  }
}

extension Arguments {
  /// What `--ids` or `--tags` call the rows that are added.
  func rowNaming() throws -> RowNaming {
    try requireIDsOrTags(.rowIDs, .rowTags)
    if let ids = try ids(.rowIDs) { return .ids(ids) }
    guard let path = rowTagFile else { return .assigned }
    guard !path.isEmpty else { throw wrong("--tags is empty; name a file") }
    return .tags(try TagList(reading: path))
  }

  /// The file that `--tags` names, with an @ before it or without.
  var rowTagFile: String? {
    text(.rowTags).map { $0.first == "@" ? String($0.dropFirst()) : $0 }
  }

  /// Refuses two options that name rows in two ways.
  func requireIDsOrTags(_ ids: Option, _ tags: Option) throws(UsageError) {
    guard !has(ids) || !has(tags) else {
      throw wrong("--\(ids.name) and --\(tags.name) exclude one another; name rows in one way")
    }
  }
}
