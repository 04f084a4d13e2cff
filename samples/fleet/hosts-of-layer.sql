-- Which hosts and containers map a file of the layers in the table `wanted`, and which files.
SELECT host, container, arraySort(groupUniqArray(path)) AS paths
FROM vma
WHERE layer IN wanted
GROUP BY host, container
ORDER BY host, container
FORMAT JSONEachRow
