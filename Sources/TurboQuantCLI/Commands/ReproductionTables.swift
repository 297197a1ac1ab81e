internal import TurboQuantEvaluation

// The tables of `turboquant reproduce`.

extension DistortionRow {
  static func table(_ rows: [DistortionRow]) -> Table {
    var table = Table([
      ("distortion", .left), ("d", .right), ("bits", .right), ("measured", .right),
      ("± SE", .right), ("predicted", .right), ("upper bound", .right), ("Shannon", .right),
    ])
    for row in rows {
      table.append([
        row.quantizer, "\(row.dimension)", Numbers.plain(row.bits),
        Numbers.significant(row.measured, 4), Numbers.significant(row.standardError, 1),
        Numbers.significant(row.predicted, 4),
        row.upperBound.value.map { Numbers.significant($0, 3) } ?? "–",
        Numbers.significant(row.shannon, 3),
      ])
    }
    return table
  }
}

extension ProductRow {
  static func table(_ rows: [ProductRow]) -> Table {
    var table = Table([
      ("inner products", .left), ("sketch", .left), ("estimator", .left), ("bits", .right),
      ("cosine", .right), ("slope", .right), ("d · error²", .right), ("± SE", .right),
      ("upper bound", .right), ("Shannon", .right),
    ])
    for row in rows {
      table.append([
        row.quantizer, row.sketch.value ?? "–", row.estimator, "\(row.bits)",
        Numbers.plain(row.cosine), row.slope.value.map { Numbers.fixed($0, 4) } ?? "–",
        Numbers.significant(row.squaredError, 4), Numbers.significant(row.standardError, 1),
        row.upperBound.value.map { Numbers.significant($0, 3) } ?? "–",
        Numbers.significant(row.shannon, 3),
      ])
    }
    return table
  }
}

extension AngleRow {
  static func table(_ rows: [AngleRow]) -> Table {
    var table = Table([
      ("polar angles", .left), ("level", .right), ("count", .right), ("largest gap", .right),
      ("usual", .right),
    ])
    for row in rows {
      table.append([
        row.rotated ? "rotated" : "not rotated", "\(row.level)", Numbers.grouped(row.count),
        Numbers.significant(row.largestGap, 3), Numbers.significant(row.usualGap, 3),
      ])
    }
    return table
  }
}

extension SketchRow {
  static func table(_ rows: [SketchRow]) -> Table {
    var table = Table([
      ("QJL", .left), ("signs", .right), ("cosine", .right), ("error", .right), ("± SE", .right),
      ("predicted", .right), ("beyond ¼", .right), ("bound", .right), ("Lemma 3.5", .right),
    ])
    for row in rows {
      table.append([
        row.sketch, "\(row.directions)", Numbers.plain(row.cosine),
        Numbers.significant(row.error, 4),
        Numbers.significant(row.standardError, 1), Numbers.significant(row.predicted, 4),
        Numbers.significant(row.beyond, 3), Numbers.significant(row.tailBound, 3),
        Numbers.significant(row.printedTailBound, 3),
      ])
    }
    return table
  }
}

extension ScoreRow {
  static func table(_ rows: [ScoreRow]) -> Table {
    var table = Table([
      ("softmax scores", .left), ("norms", .right), ("r", .right), ("signs", .right),
      ("error, median", .right), ("largest", .right), ("promised", .right),
    ])
    for row in rows {
      table.append([
        row.sketch, Numbers.plain(row.norm), Numbers.plain(row.r), "\(row.directions)",
        Numbers.significant(row.medianError, 3), Numbers.significant(row.largestError, 3),
        Numbers.plain(3 * row.epsilon),
      ])
    }
    return table
  }
}

extension SearchRow {
  static func table(_ rows: [SearchRow]) -> Table {
    var table = Table(
      [
        ("search", .left), ("bits", .right), ("bytes", .right), ("distortion", .right),
        ("d · variance", .right), ("slope", .right), ("R@10", .right),
      ] + places.map { ("1@\($0)", .right) })
    for row in rows {
      table.append(
        [
          row.quantizer, Numbers.fixed(row.bits, 2), "\(row.bytesPerVector)",
          Numbers.significant(row.distortion, 4), Numbers.significant(row.productVariance, 3),
          Numbers.fixed(row.slope, 4), Numbers.fixed(row.recallAt10, 3),
        ] + row.recall1AtK.map { Numbers.fixed($0, 3) })
    }
    return table
  }
}
