-- A row a mapping. What is not known is empty. *_b64 has the exact bytes of what is no UTF-8.
CREATE TABLE vma (
    day Date DEFAULT today(),
    seen DateTime DEFAULT now(),
    host String,
    container String,
    pid UInt32,
    comm String,
    code UInt8,
    bytes UInt64,
    path String,
    path_b64 String,
    state String,
    layer String,
    layer_b64 String
) ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY (host, container, pid, path)
