package org.db.pool;

import harness.Program;
import java.util.ArrayList;
import java.util.List;

/** Statements that are not closed: the pooled connection that made them keeps them. */
public final class OpenStatements {
    static final class Column {
        final String name;

        Column(String name) {
            this.name = name;
        }
    }

    static final class Statement {
        final Connection connection;
        final Column[] columns = new Column[4];
        final char[] sql = new char[60];

        Statement(Connection connection) {
            this.connection = connection;
            for (int i = 0; i < columns.length; i++) {
                columns[i] = new Column("c" + i);
            }
        }
    }

    static final class Connection {
        final List<Statement> open = new ArrayList<>();
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        List<Connection> pool = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            pool.add(new Connection());
        }
        double forgotten = program.number("forgotten", 0.25);
        program.arrivals(program.number("rate", 120), () -> {
            Connection connection = pool.get(program.random.nextInt(pool.size()));
            Statement statement = new Statement(connection);
            connection.open.add(statement);
            if (program.random.nextDouble() >= forgotten || !program.leaks()) {
                connection.open.remove(connection.open.size() - 1);
                program.brief(statement);
            }
        });
        program.count("leaked", () -> pool.stream().mapToLong(each -> each.open.size()).sum());
        program.run();
    }
}
