// tq_index: files.

public import CTurboQuant
internal import TurboQuantIndex

/// Writes an index.
@c @implementation
public func tq_index_save(
  _ index: OpaquePointer?, _ file: UnsafePointer<CChar>?,
  _ options: UnsafePointer<tq_work_options>?
) -> tq_status {
  call {
    let (index, file) = try unsafe (snapshot(index), path(file))
    let options = try unsafe tq_work_options(options)
    guard unsafe options.threadCount == 1 else {
      throw CallError.options("threads have no effect on saving; set them to 0")
    }
    try unsafe index.save(to: file, options.monitor(total: index.storedByteCount))
  }
}

/// Opens a file.
@c @implementation
public func tq_index_open(
  _ file: UnsafePointer<CChar>?, _ index: UnsafeMutablePointer<OpaquePointer?>?
) -> tq_status {
  call {
    let index = try unsafe emptied(index, "index")
    unsafe index.pointee = try HandleTable.add(IndexResource(VectorIndex(opening: path(file))))
  }
}

/// Checks a file.
@c @implementation
public func tq_index_verify(_ file: UnsafePointer<CChar>?) -> tq_status {
  call { try unsafe VectorIndex.verify(path(file)) }
}
