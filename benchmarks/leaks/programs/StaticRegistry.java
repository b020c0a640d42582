package com.acme.shop;

import harness.Program;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/** A static collection: every order is remembered for a report that nobody ever asks for. */
public final class StaticRegistry {
    static final class LineItem {
        final int article;
        final BigDecimal price;

        LineItem(int article, BigDecimal price) {
            this.article = article;
            this.price = price;
        }
    }

    static final class Order {
        final String number;
        final LineItem[] items;

        Order(String number, LineItem[] items) {
            this.number = number;
            this.items = items;
        }
    }

    private static final List<Order> ALL = new ArrayList<>();

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        program.arrivals(program.number("rate", 100), () -> {
            LineItem[] items = new LineItem[2];
            for (int i = 0; i < items.length; i++) {
                items[i] = new LineItem(program.random.nextInt(500), new BigDecimal(program.random.nextInt(10_000)).movePointLeft(2));
            }
            Order order = new Order(program.text("o-", 14), items);
            if (program.leaks()) {
                ALL.add(order);
            } else {
                program.brief(order);
            }
        });
        program.count("leaked", ALL::size);
        program.run();
    }
}
