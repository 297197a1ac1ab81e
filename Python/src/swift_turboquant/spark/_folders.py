"""Where a collection is: a folder of this machine or one that all share, or a path of Spark's file system."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._errors import FileError, MissingFileError
from .._library import lib
from ..shards import MANIFEST, Manifest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class HadoopFolder:
    """A folder of Spark's file system, used from the driver."""

    def __init__(self, spark: SparkSession, path: str) -> None:
        self.spark = spark
        self.path = path.rstrip("/")
        jvm: Any = getattr(spark, "_jvm", None)
        if jvm is None:
            raise ValueError(
                f"the path {path!r} needs a driver with Spark's JVM; Spark Connect has none"
            )
        self._hadoop = jvm.org.apache.hadoop.fs
        self._gateway: Any = spark.sparkContext._gateway
        self._root = self._hadoop.Path(self.path)
        self._configuration = spark._jsparkSession.sessionState().newHadoopConf()
        self._system = self._root.getFileSystem(self._configuration)

    def uri(self, name: str) -> str:
        return f"{self.path}/{name}"

    def sizes(self) -> dict[str, int]:
        """The bytes of each file, by its name; none where there is no folder."""
        if not self.exists():
            return {}
        return {
            each.getPath().getName(): each.getLen()
            for each in self._system.listStatus(self._root)
            if each.isFile()
        }

    def put(self, local: Path, name: str) -> None:
        """Copies a local file to a name that is not there yet."""
        source = self._hadoop.Path(local.as_uri())
        self._system.mkdirs(self._root)
        self._system.copyFromLocalFile(False, False, source, self._hadoop.Path(self.uri(name)))

    def remove(self, name: str) -> None:
        self._system.delete(self._hadoop.Path(self.uri(name)), False)

    def exists(self) -> bool:
        return bool(self._system.exists(self._root))

    def remove_empty(self) -> None:
        """Removes the folder if it has nothing."""
        if self.exists() and not len(self._system.listStatus(self._root)):
            self._system.delete(self._root, False)

    def read_manifest(self) -> Manifest:
        """As `Manifest.read`."""
        place = self.uri(MANIFEST)
        if MANIFEST not in self.sizes():
            raise MissingFileError(
                f"there is no collection in {self.path!r}: {MANIFEST} is missing", lib.TQ_INDEX_FILE
            )
        file = self.spark.read.format("binaryFile").load(place).select("content").first()
        if file is None:
            raise FileError(f"{place!r} cannot be read", lib.TQ_INDEX_FILE)
        return Manifest.parse(bytes(file[0]), place)

    def write_manifest(self, manifest: Manifest) -> None:
        """Replaces the manifest; in one step where the file system renames in one step."""
        new = self._hadoop.Path(self.uri(f".{MANIFEST}-{secrets.token_hex(16)}"))
        stream = self._system.create(new, False)
        try:
            stream.write(bytearray(manifest.to_bytes()))
        finally:
            stream.close()
        rename = self._hadoop.Options.Rename
        options = self._gateway.new_array(rename, 1)
        options[0] = rename.OVERWRITE
        context = self._hadoop.FileContext.getFileContext(self._root.toUri(), self._configuration)
        try:
            context.rename(new, self._hadoop.Path(self.uri(MANIFEST)), options)
        except BaseException:
            self._system.delete(new, False)
            raise
