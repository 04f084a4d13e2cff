-- Who maps files of layers that are no longer what their paths show, by host and container; code = 1: runs one, so restart it.
SELECT host, container, comm, pid, max(code) AS code, arraySort(groupUniqArray(state)) AS states,
    uniqExact(path, path_b64) AS files
FROM vma
WHERE layer != '' AND state NOT IN ('', 'current')
GROUP BY host, container, comm, pid
ORDER BY host, container, pid
FORMAT JSONEachRow
