agreements-offer-one = عرض اتفاق
agreements-all = كل الاتفاقات
agreements-cut = الاتفاقات التي تنتظر أو توقفت أو تنتهي قريبا كثيرة، فلا يظهر أولا إلا { $count } منها. وهي كلها في قائمة «كل الاتفاقات».
agreements-wait = بانتظار التوقيعات
agreements-stand-still = معلّقة أو متوقفة
agreements-end-soon = تنتهي خلال { $days ->
    [one] يوم واحد
    [two] يومين
    [few] { $days } أيام
    [many] { $days } يوماً
   *[other] { $days } يوم
}
agreements-drafts = مسوداتكم
agreements-waits-for = بانتظار { $names }
agreements-partly-stopped = اتجاه واحد متوقف
agreements-empty-overseen = تظهر الاتفاقات هنا حين تعرض إحدى المنظمات اتفاقاً.
agreements-reason-security-incident = حادث أمني
agreements-reason-safeguarding = أمر يتعلق بالحماية أو بالاستغلال والاعتداء الجنسيين
agreements-reason-change-of-control = صار أحد الأطراف تحت سيطرة أخرى
agreements-reason-legal-change = تغيّر القانون
agreements-reason-failed-audit = لم يُجتز تدقيق
agreements-reason-withdrawal-unanswered = لم يُجب أحد الأطراف على سحب الموافقة
agreements-reason-political-risk = خطر سياسي
agreements-done-drafted = حُفظت المسودة. لا تراها إلا منظمتكم.
agreements-done-offered = عُرض. يراه الآن كل طرف ويمكنه توقيعه. توقّع منظمتكم في الأسفل.
agreements-done-retracted = سُحب العرض. عاد مسودة لا تراها إلا منظمتكم.
agreements-done-declined = رُفض. انتهى العرض وأُخبر الآخرون.
agreements-done-suspended = عُلّق. لا يمكن إرسال شيء جديد بموجبه.
agreements-done-stopped = أُوقف هذا الاتجاه. الاتجاهات الأخرى مستمرة.
agreements-done-resumed = استؤنف.
agreements-done-ended = أُنهي. لا يمكن إرسال شيء جديد بموجبه.
agreements-direction = من { $from } إلى { $to }
agreements-finish-until = يجوز أن تكتمل الإحالات الجارية حتى { $moment }.
agreements-replaced-by = حلّت محله النسخة { $version }.
agreements-review-due = يراجعه الأطراف في موعد أقصاه { $day }.
agreements-says-title = من يجوز له أن يرسل ماذا إلى من
agreements-says = يجوز لـ { $from } أن يرسل إلى { $to } عن الأشخاص المحالين إلى { $services }: { $what }.
agreements-says-nothing = لا يجوز لـ { $from } أن يرسل شيئاً إلى { $to }.
agreements-bases = الأسس القانونية
agreements-across = عبر الحدود
agreements-across-none = لا شيء يعبر الحدود
agreements-transfer = من { $from } إلى { $to }: { $by } { $reference }
agreements-basis-A6-1-a = الموافقة (المادة 6(1)(a))
agreements-basis-A6-1-b = العقد (المادة 6(1)(b))
agreements-basis-A6-1-c = التزام قانوني (المادة 6(1)(c))
agreements-basis-A6-1-d = مصالح حيوية (المادة 6(1)(d))
agreements-basis-A6-1-e = مهمة عامة (المادة 6(1)(e))
agreements-basis-A6-1-f = مصالح مشروعة (المادة 6(1)(f))
agreements-basis-A9-2-a = موافقة صريحة (المادة 9(2)(a))
agreements-basis-A9-2-b = قانون الحماية الاجتماعية (المادة 9(2)(b))
agreements-basis-A9-2-c = مصالح حيوية (المادة 9(2)(c))
agreements-basis-A9-2-d = أنشطة جمعية (المادة 9(2)(d))
agreements-basis-A9-2-f = مطالبات قانونية (المادة 9(2)(f))
agreements-basis-A9-2-g = مصلحة عامة جوهرية (المادة 9(2)(g))
agreements-basis-A9-2-h = الرعاية الصحية والاجتماعية (المادة 9(2)(h))
agreements-basis-A9-2-i = الصحة العامة (المادة 9(2)(i))
agreements-basis-A9-2-j = الإحصاء والبحث (المادة 9(2)(j))
agreements-transfer-A45-3 = قرار كفاية (المادة 45(3))
agreements-transfer-A46-2-a = صك بين جهات عامة (المادة 46(2)(a))
agreements-transfer-A46-2-b = قواعد مؤسسية ملزمة (المادة 46(2)(b))
agreements-transfer-A46-2-c = بنود نموذجية من المفوضية (المادة 46(2)(c))
agreements-transfer-A46-2-d = بنود نموذجية من سلطة (المادة 46(2)(d))
agreements-transfer-A46-2-e = مدونة سلوك (المادة 46(2)(e))
agreements-transfer-A46-2-f = شهادة اعتماد (المادة 46(2)(f))
agreements-transfer-A46-3-a = بنود أجازتها سلطة (المادة 46(3)(a))
agreements-transfer-A46-3-b = ترتيب إداري (المادة 46(3)(b))
agreements-transfer-A49-1-a = موافقة صريحة على النقل (المادة 49(1)(a))
agreements-transfer-A49-1-d = مصلحة عامة مهمة (المادة 49(1)(d))
agreements-transfer-A49-1-f = مصالح حيوية (المادة 49(1)(f))
agreements-transfer-equivalent = ضمانة مكافئة، حيث لا تسري اللائحة العامة لحماية البيانات
agreements-stale = غيّر أحد هذا الاتفاق في هذه الأثناء
agreements-stale-help = لم يُنفَّذ شيء. تعرض هذه الصفحة حاله الآن. انظر فيه، وأعد ما أردت إن بقي صواباً.
agreements-offer-draft = هذه مسودة
agreements-offer-draft-help = اقرأ ما تقوله في الأسفل. حين تعرضها يثبت نصها، ويراها كل طرف ويوقّعها، ومنظمتكم أيضاً.
agreements-lacks = تحتاجه الخدمات وليس في القائمة
agreements-offer-button = اعرضها للتوقيع
agreements-edit = تعديل المسودة
agreements-offered-title = إن لم يكن مناسباً
agreements-retract-help = يمكنك سحب العرض وتعديله. تسقط التوقيعات الموجودة.
agreements-retract = اسحب العرض
agreements-decline-help = من لا يوافق يقول ذلك. ينتهي العرض عندئذ، ويمكن للآخرين تقديم عرض جديد.
agreements-decline = ارفض العرض
agreements-suspended-by = علّقه { $name }، وله أن يستأنفه. وكذلك المنسق.
agreements-suspended-by-coordinator = علّقه المنسق، وله وحده أن يستأنفه.
agreements-resume = الاستئناف
agreements-resume-help = يمكن إرسال الرسائل من جديد، وتُسلَّم التي ما زالت تنتظر في المنصة. ما حُذف في هذه الأثناء يجب إرساله من جديد.
agreements-resume-button = استأنف
agreements-resume-not-yours = يستأنفه من أوقفه، أو المنسق.
agreements-stopped-title = الاتجاهات المتوقفة
agreements-renew = التجديد أو التعديل
agreements-renew-help = تبدأ نسخة جديدة من هذه. تحل محلها حين يوقّع الجميع؛ وحتى ذلك تسري هذه. ما تسمح به زيادة يحتاج إلى إذن جديد من الأشخاص المعنيين.
agreements-renew-button = ابدأ نسخة جديدة
agreements-suspend = التعليق
agreements-suspend-waits = من تلك اللحظة لا يمكن إرسال شيء جديد. الرسائل التي تنتظر في المنصة تُحجز { $hours ->
    [one] ساعة واحدة
    [two] ساعتين
    [few] { $hours } ساعات
    [many] { $hours } ساعة
   *[other] { $hours } ساعة
}؛ ثم تُحذف ويُخبر من أرسلها. ما سُلّم يستمر بلا بيانات جديدة، ويمكن للأشخاص سحب موافقتهم كالعادة.
agreements-suspend-waits-direction = إن أُوقف اتجاه واحد فقط، تنتظر رسائله حتى يُستأنف أو حتى تنتهي مدتها. الاتجاهات الأخرى مستمرة.
agreements-suspend-open = قل لماذا، وعلّقه
agreements-why = لماذا؟
agreements-no-reason = اختر السبب. يقرؤه كل المعنيين.
agreements-which = ما الذي يُعلَّق؟
agreements-all-of-it = الاتفاق كله
agreements-suspend-button = علّق
agreements-end = الإنهاء
agreements-end-help = من تلك اللحظة لا يمكن إرسال شيء جديد، وتُحذف الرسائل التي تنتظر في المنصة. الاتفاق المُنهى لا يعود؛ ويمكن عرض نسخة جديدة.
agreements-end-open = قل كيف، وأنهِه
agreements-how = كيف ينتهي؟
agreements-no-ending = اختر كيف ينتهي.
agreements-end-notice = بإشعار مسبق
agreements-end-notice-help = يجوز أن تكتمل الإحالات الجارية حتى اليوم الذي تحدده. ثم تُعاد البيانات أو تُتلف، ويُشهد على ذلك.
agreements-end-breach = لإخلال
agreements-end-breach-help = يتوقف المستلمون فوراً، ويُخبر الأشخاص المعنيون، ويحيلهم من جديد من أحالهم. تُتلف البيانات خلال { $days ->
    [one] يوم واحد
    [two] يومين
    [few] { $days } أيام
    [many] { $days } يوماً
   *[other] { $days } يوم
}، ويُدقَّق في ذلك.
agreements-notice-until = آخر يوم في الإشعار
agreements-notice-help = مع الإشعار فقط، في موعد أقصاه { $day }
agreements-notice-wrong = حدد يوماً من اليوم حتى { $day }.
agreements-end-button = أنهِه
agreements-new-lead = اختر مع من ولأي شيء. ثم ترى الشروط في نموذج، وقبل أن يُعرض شيء صفحةً تقول من يجوز له أن يرسل ماذا إلى من.
agreements-new-alone = لا أحد للاتفاق معه بعد
agreements-new-alone-help = تظهر المنظمات هنا حين يسجلها المنسق.
agreements-new-partner = مع أي منظمة؟
agreements-new-choose = اختر
agreements-new-no-partner = اختر المنظمة.
agreements-new-ways = في أي اتجاه؟
agreements-way-there = نرسل إليهم
agreements-way-back = يرسلون إلينا
agreements-new-services = لأي خدمات
agreements-new-services-help = ما يُحال إليه الأشخاص. يُقترح في الصفحة التالية ما تحتاج كل خدمة إلى معرفته.
agreements-new-purposes = لأي أغراض
agreements-new-purposes-help = ما لم يُذكر هنا غير مسموح.
agreements-new-purposes-more = الغرض الذي تضيفه يبدأ بما تحتاجه الخدمات؛ ويمكنك تغييره في المسودة.
agreements-new-on = إلى الشروط
agreements-new-again = تجديد اتفاق موجود
agreements-new-again-help = افتحه في قائمة الاتفاقات واختر «ابدأ نسخة جديدة». كل ما يقوله يكون مملوءاً.
agreements-new-prepared = مستند جاهز
agreements-new-prepared-help = أكثر من طرفين، أو الأطفال، أو حقول تُفتح واحداً واحداً تُكتب في ملف، بالشكل الذي يعطيه مخطط الاتفاقات. يُعرض عليك بالكلمات قبل أن يُعرض على غيرك.
agreements-new-flaws-title = ما الخطأ في المستند
agreements-new-flaws = { $count ->
    [one] يخالف المستند قاعدة واحدة ({ $count })، مذكورة أدناه.
    [two] يخالف المستند قاعدتين ({ $count })، مذكورتين أدناه.
    [few] يخالف المستند { $count } قواعد، مذكورة أدناه.
    [many] يخالف المستند { $count } قاعدة، مذكورة أدناه.
   *[other] يخالف المستند { $count } قاعدة، مذكورة أدناه.
}
agreements-new-file = خذه من ملف
agreements-new-document = المستند
agreements-new-document-help = JSON، ‏{ $kilobytes } كيلوبايت على الأكثر
agreements-new-no-document = الصق المستند، أو اختر ملفه.
agreements-new-look = اعرضه بالكلمات
agreements-new-look-help = تُحفظ مسودة لا تراها إلا منظمتكم. لا يُعرض شيء بعد.
agreements-new-leave = اتركه
agreements-new-with = اتفاق مع { $name }
agreements-new-renew = نسخة جديدة من الاتفاق مع { $name }
agreements-new-change = مسودة الاتفاق مع { $name }
agreements-new-terms-lead = ما هو مملوء موصى به، أو اتُّفق عليه من قبل. غيّر ما لا يناسب، واملأ ما لا يعرفه إلا الأطراف.
agreements-new-keeps = ما لا يسأل عنه هذا النموذج يبقى كما في النسخة السابقة: الوحدات، والأطفال، والدرجات، والحقول التي تُفتح واحداً واحداً.
agreements-new-who-sends = من يرسل ماذا إلى من
agreements-new-who-sends-help = لا ينتقل شيء غير مؤشَّر. كل اتجاه قائم بنفسه.
agreements-new-may = يجوز لـ { $from } أن يرسل بيانات إلى { $to }
agreements-new-ticked = { $count ->
    [0] لا شيء مؤشَّر
    [one] حقل واحد ({ $count })
    [two] حقلان ({ $count })
    [few] { $count } حقول
    [many] { $count } حقلاً
   *[other] { $count } حقل
}
agreements-new-needed = تحتاجه الخدمات
agreements-new-most-sensitive = شديد الحساسية: فُتح من قبل بمفرده
agreements-new-reason = لازم للخدمة: { $field }
agreements-new-safeguards-help = لكل نوع مؤشَّر من البيانات الحساسة: ما يحميه عند من يستلمه. مثلاً «لا يفتحه إلا العاملون الصحيون؛ ويُحفظ خارج السجل».
agreements-new-lasts = كم يسري
agreements-new-from = أول يوم
agreements-new-until = آخر يوم
agreements-new-review = الأشهر بين مراجعتين
agreements-new-grace = أيام التأخر المسموح للمراجعة
agreements-new-kept = كم تُحفظ البيانات
agreements-new-days = الأيام
agreements-new-counted = تُحسب من
agreements-trigger-purpose-fulfilled = نهاية الغرض
agreements-trigger-received = الاستلام
agreements-new-latest = الأيام بعد الاستلام، على الأكثر
agreements-new-legal-name = الاسم القانوني
agreements-new-nature = صفتها القانونية
agreements-nature-state-body = جزء من دولة
agreements-nature-ngo = منظمة غير حكومية
agreements-nature-international-organisation = منظمة دولية
agreements-nature-private = شركة أو عيادة خاصة
agreements-nature-community-body = هيئة مجتمع
agreements-new-role = دورها في البيانات
agreements-role-independent-controller = تقرر بنفسها
agreements-role-joint-controller = تقرر مع طرف آخر
agreements-role-processor = تعمل بتعليمات طرف آخر
agreements-new-data-help = من يُسأل: عنوان أو رقم هاتف
agreements-new-oversight-help = شخص خارج مسار الإحالة
agreements-new-bases-help = يُقترح ما تذكره السياسة لهذا الغرض. ليراجعه من يتولى حماية البيانات.
agreements-new-article-6 = الأساس
agreements-new-article-9 = للبيانات الحساسة
agreements-new-none = لا شيء
agreements-new-law-behind = القانون الذي يستند إليه، أو السياسة الداخلية حيث تحمي الحصانات الطرف
agreements-new-internal-policy-missing = اذكر السياسة الداخلية للطرف الذي تحميه الحصانات.
agreements-new-mechanism = ما الذي يسمح بإرسال البيانات إلى هناك
agreements-new-reference = أين يمكن الاطلاع عليه
agreements-new-law-title = القانون والتقييم
agreements-new-law-of = قانون { $country }
agreements-new-place = أين تُحفظ البيانات
agreements-new-place-help = البلد بحرفين، مثل ZM
agreements-new-country-wrong = اكتب البلد بحرفين لاتينيين.
agreements-new-assessment = تقييم القانون والممارسة
agreements-new-assessment-help = في البلد المستلم، مع سلامة الأشخاص المعنيين
agreements-new-dpia = تقييم الأثر
agreements-new-dpia-help = أين يمكن الاطلاع عليه. لازم للبيانات الحساسة.
agreements-new-dpia-until = آخر يوم للتقييم
agreements-new-rights = حقوق الأشخاص
agreements-new-rights-help = عنوان واحد أو رقم واحد لكل الأطراف
agreements-new-answers = أي طرف يجيب
agreements-new-cooperation = الأيام التي يتعاون الأطراف خلالها
agreements-new-rest = ما يسري أيضاً
agreements-new-rest-help = هذه القيم موصى بها.
agreements-onward-rule-none = إلى لا أحد
agreements-onward-rule-same-legal-person = داخل الشخص القانوني نفسه
agreements-onward-rule-listed = إلى المنظمات المذكورة في النسخة السابقة
agreements-new-destroyed = الأيام حتى إتلاف البيانات
agreements-new-certificate = كيف يُشهد على الإتلاف
agreements-new-certificate-proposed = بيان موقّع فيه رقم الإحالة والتاريخ
agreements-new-told-parties = الساعات حتى إبلاغ الأطراف الأخرى بحادث
agreements-new-told-authority = الساعات حتى إبلاغ السلطة
agreements-new-packets = الرسائل في اليوم في كل اتجاه
agreements-new-fields = الحقول في رسالة
agreements-new-clause = السرية
agreements-new-clause-proposed = كل من يرى البيانات ملزم كتابةً، وبعد مغادرته أيضاً
agreements-new-also = ويتفق الأطراف أيضاً
agreements-new-principles = تُرفق مبادئ حماية البيانات
agreements-new-audit = يجوز للأطراف أن يدقق بعضهم بعضاً
agreements-new-logs = الأشهر التي تُحفظ فيها السجلات
agreements-new-mou = المذكرة التي يندرج تحتها، إن وُجدت
agreements-new-missing = املأ هذا.
agreements-new-meanwhile = غيّره أحد في هذه الأثناء. انظر كيف هو الآن؛ ما ترسله بعد ذلك يحلّ محله.
agreements-new-one-line = اكتب هذا في سطر واحد، من دون علامات جدولة.
agreements-new-long = اكتب { $most ->
    [one] حرفاً واحداً
    [two] حرفين
    [few] { $most } أحرف
    [many] { $most } حرفاً
   *[other] { $most } حرف
} على الأكثر.
agreements-new-number-wrong = اكتب عدداً من { $least } إلى { $most }.
agreements-new-day-wrong = اختر يوماً.
agreements-new-taken = صنع أحد هذه النسخة من قبل. افتح قائمة الاتفاقات وانظر إليها هناك.
agreements-new-broken-chain = هذه النسخة لا تتبع التي قبلها. ابدأ من جديد من أحدث نسخة.
agreements-new-unreadable = لا يمكن كتابة الشروط: { $why }
agreements-rule-form = ليس هذا اتفاقاً بالشكل الذي يعطيه المخطط.
agreements-rule-purpose-prohibited = ليس هذا من أغراض القائمة المغلقة. مراقبة الهجرة والاستخبارات والدعاية لا يمكن أن تكون منها.
agreements-rule-purpose-is-a-mode = للطوارئ والواجبات القانونية قواعدها؛ لا يمنحها أي اتفاق.
agreements-rule-oversight-in-line = اذكر غير من يتولى حماية البيانات: من يحقق يقف خارج مسار الإحالة.
agreements-rule-flows = اختر اتجاهاً واحداً على الأقل.
agreements-rule-services = اختر خدمة واحدة على الأقل.
agreements-rule-purposes = اختر غرضاً واحداً على الأقل.
agreements-rule-items = أشّر حقلاً واحداً على الأقل: ما ليس في القائمة لا ينتقل.
agreements-rule-field-unknown = ليس هذا من حقول القاموس.
agreements-rule-field-never = هذا الحقل لا يمر عبر المنصة أبداً.
agreements-rule-category-closed = هذا الحقل حساس: قل ما يحمي فئته.
agreements-rule-field-closed = هذا الحقل شديد الحساسية: يُفتح بمفرده، مع دور قارئ وموافقتين.
agreements-rule-clearance-missing = لبيانات الأطفال يحتاج كل مستلم إلى ترخيص حماية.
agreements-rule-clearance-over = ينتهي الترخيص قبل أن يبدأ الاتفاق.
agreements-rule-legal-basis = يحتاج كل طرف إلى أساس لكل غرض، وإلى أساس للبيانات الحساسة حيث توجد. وحيث تحميه الحصانات يذكر سياسته الداخلية.
agreements-rule-transfer = قل أين يمكن الاطلاع على الضمانة.
agreements-rule-transfer-missing = تعبر بيانات الحدود: قل بأي آلية.
agreements-rule-retention-missing = قل كم يجوز حفظ البيانات لكل غرض.
agreements-rule-retention-too-long = يجوز حفظ البيانات { $days ->
    [one] يوماً واحداً
    [two] يومين
    [few] { $days } أيام
    [many] { $days } يوماً
   *[other] { $days } يوم
} على الأكثر.
agreements-rule-retention-ceiling = النهاية القصوى لا تسبق المدة.
agreements-rule-destruction-missing = قل كيف تُتلف البيانات.
agreements-rule-onward-list = تُذكر المنظمات حيث تقول القاعدة ذلك فقط.
agreements-rule-onward-hops = تسمح السياسة بنقل أقل.
agreements-rule-principles = مع منظمة دولية تُرفق مبادئ حماية البيانات.
agreements-rule-dpia-missing = البيانات الحساسة تحتاج إلى تقييم أثر.
agreements-rule-dpia-over = ينتهي التقييم قبل أن يبدأ الاتفاق.
agreements-rule-validity = ينتهي الاتفاق بعد بدئه، { $months ->
    [one] بعد شهر واحد
    [two] بعد شهرين
    [few] بعد { $months } أشهر
    [many] بعد { $months } شهراً
   *[other] بعد { $months } شهر
} على الأكثر.
agreements-rule-drafter-no-party = منظمتكم ليست طرفاً فيه. لا تصوغ إلا ما ستوقّعه.
agreements-rule-party-country = العضو مقيم في بلد آخر.
agreements-rule-party-unknown = هذه المنظمة ليست عضواً.
