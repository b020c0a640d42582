package org.quotes.market;

import harness.Program;
import java.util.HashMap;
import java.util.Map;

/** A key without equals and hashCode: what should replace an entry adds one. */
public final class BadKey {
    static final class PriceKey {
        final int symbol;

        PriceKey(int symbol) {
            this.symbol = symbol;
        }
    }

    static final class GoodKey {
        final int symbol;

        GoodKey(int symbol) {
            this.symbol = symbol;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof GoodKey && ((GoodKey) other).symbol == symbol;
        }

        @Override
        public int hashCode() {
            return symbol;
        }
    }

    static final class Price {
        final long cents;

        Price(long cents) {
            this.cents = cents;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        Map<Object, Price> prices = new HashMap<>();
        program.arrivals(program.number("rate", 45), () -> {
            int symbol = program.random.nextInt(300);
            prices.put(program.leaks() ? new PriceKey(symbol) : new GoodKey(symbol), new Price(program.random.nextInt(100_000)));
        });
        program.count("leaked", prices::size);
        program.run();
    }
}
