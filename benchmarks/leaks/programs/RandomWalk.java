package net.game.lobby;

import harness.Program;
import java.util.ArrayDeque;

/** A crowd whose size wanders about a mean. */
public final class RandomWalk {
    static final class Player {
        final int[] scores = new int[5];
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        double mean = program.number("mean", 1500);
        double sigma = program.number("sigma", 28);
        double tau = program.number("tau", 18);
        ArrayDeque<Player> crowd = new ArrayDeque<>();
        double[] aim = {mean};
        program.every(0.25, () -> {
            aim[0] += (mean - aim[0]) * 0.25 / tau + sigma * program.random.nextGaussian();
            synchronized (crowd) {
                while (crowd.size() < aim[0]) {
                    crowd.add(new Player());
                }
                while (crowd.size() > Math.max(aim[0], 1)) {
                    crowd.poll();
                }
            }
        });
        program.count("players", crowd::size);
        program.run();
    }
}
