import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilder;
import org.neo4j.graphdb.GraphDatabaseService;

/** Runs the statements of files in one Neo4j database, as cypher-shell does, and prints after each what is in there. */
public class Load {
    public static void main(String[] arguments) throws Exception {
        var neo4j = new DatabaseManagementServiceBuilder(Path.of(arguments[0])).build();
        try {
            GraphDatabaseService database = neo4j.database("neo4j");
            for (int at = 1; at < arguments.length; at++) {
                for (String statement : Files.readString(Path.of(arguments[at])).split(";\n")) {
                    if (!statement.isBlank()) {
                        database.executeTransactionally(statement);
                    }
                }
                System.out.printf("%d %d %d%n", count(database, "MATCH (i:Instance) RETURN count(i) AS n"),
                        count(database, "MATCH (:Instance)-[c:CALLS]->(:Instance) RETURN count(c) AS n"),
                        count(database, "MATCH (i:Instance) RETURN count(DISTINCT i.service) AS n"));
            }
        } finally {
            neo4j.shutdown();
        }
    }

    private static long count(GraphDatabaseService database, String query) {
        return database.executeTransactionally(query, Map.of(), found -> (Long) found.next().get("n"));
    }
}
