package net.game.scores;

import harness.Program;
import java.util.PriorityQueue;

/** The best so many scores of all that come in. */
public final class TopList {
    static final class Score implements Comparable<Score> {
        final String player;
        final double points;

        Score(String player, double points) {
            this.player = player;
            this.points = points;
        }

        @Override
        public int compareTo(Score other) {
            return Double.compare(points, other.points);
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        double bound = program.number("bound", 2500);
        PriorityQueue<Score> best = new PriorityQueue<>();
        program.arrivals(program.number("rate", 160), () -> {
            best.add(new Score(program.text("p", 9), program.random.nextGaussian()));
            if (best.size() > bound) {
                best.poll();
            }
        });
        program.count("scores", best::size);
        program.run();
    }
}
