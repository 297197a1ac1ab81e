// Rows that are still to be read whole.

internal import TurboQuantKernels

/// The slots, ascending, of all rows that reach a cutoff.
struct SlotList: RowCollector, Sendable {
  let cutoff: Float
  private(set) var slots: [UInt32] = []

  init(cutoff: Float) { self.cutoff = cutoff }

  mutating func take(_ selected: borrowing SelectedRows, from rows: ScannedRows) {
    let numbers = selected.rows
    switch rows.slots {
    case .from(let first):
      for i in numbers.indices { slots.append(UInt32(first) + numbers[i]) }
    case .gathered(let from, _):
      for i in numbers.indices { slots.append(from[from.startIndex + Int(numbers[i])]) }
    }
  }

  /// The slots without `others`, also ascending.
  func slots(except others: [UInt32]) -> [UInt32] {
    var left: [UInt32] = []
    left.reserveCapacity(slots.count)
    var next = 0
    for slot in slots {
      while next < others.count, others[next] < slot { next += 1 }
      if next == others.count || others[next] != slot { left.append(slot) }
    }
    return left
  }
}
