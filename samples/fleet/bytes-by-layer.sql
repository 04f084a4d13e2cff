-- Bytes mapped from each layer over the fleet, the most first, and on how many hosts.
SELECT sum(bytes) AS bytes, uniqExact(host) AS hosts, layer, layer_b64
FROM vma
WHERE layer != ''
GROUP BY layer, layer_b64
ORDER BY bytes DESC, layer, layer_b64
FORMAT JSONEachRow
